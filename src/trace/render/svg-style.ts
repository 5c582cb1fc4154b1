const LIGHT =
  '--paper:#ffffff;--ink:#1f2937;--dim:#6b7280;--faint:#e5e7eb;--line:#9ca3af;--head:#f3f4f6;' +
  '--lit:#2563eb;--main:#7c3aed;--wait:#6b7280;--queued:#f59e0b;--failed:#dc2626;--overlap:#2563eb14'
const DARK =
  '--paper:#0f172a;--ink:#e5e7eb;--dim:#94a3b8;--faint:#1e293b;--line:#64748b;--head:#1e293b;' +
  '--lit:#60a5fa;--main:#a78bfa;--wait:#94a3b8;--queued:#fbbf24;--failed:#f87171;--overlap:#60a5fa1f'

/**
 * The style of a drawing. Everything is below one class, so that a picture inside a page leaves the
 * page alone.
 */
export const STYLE: string = [
  `.gatherly{${LIGHT};font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}`,
  `.gatherly.dark{${DARK}}`,
  `@media (prefers-color-scheme:dark){.gatherly.auto{${DARK}}}`,
  // As specific as the themes, which it comes after.
  `@media print{.gatherly.gatherly{${LIGHT};print-color-adjust:exact;-webkit-print-color-adjust:exact}}`,
  '.gatherly text{fill:var(--ink)}',
  '.gatherly .paper{fill:var(--paper)}',
  '.gatherly .overlap{fill:var(--overlap)}',
  '.gatherly .tick{stroke:var(--faint)}',
  '.gatherly .time{fill:var(--dim);text-anchor:end;font-size:11.5px;font-variant-numeric:tabular-nums}',
  '.gatherly .life{stroke:var(--line);stroke-dasharray:4 4}',
  '.gatherly .head rect{fill:var(--head);stroke:var(--line)}',
  '.gatherly .head text{text-anchor:middle;font-weight:600}',
  '.gatherly .lit{fill:var(--lit)}',
  '.gatherly .lit.main{fill:var(--main)}',
  '.gatherly .lit.rejected{fill:var(--failed)}',
  '.gatherly .queued{fill:var(--queued);fill-opacity:.35;stroke:var(--queued)}',
  '.gatherly .late{fill:var(--paper);fill-opacity:.55;stroke:var(--lit);stroke-dasharray:2 2}',
  '.gatherly .wait rect,.gatherly rect.wait{fill:var(--paper);stroke:var(--wait)}',
  '.gatherly .wait text{fill:var(--dim);font-size:11.5px;font-style:italic}',
  '.gatherly .call{stroke:var(--ink)}',
  '.gatherly line.return{stroke:var(--dim);stroke-dasharray:5 3}',
  '.gatherly line.return.rejected{stroke:var(--failed)}',
  '.gatherly text.return{fill:var(--dim);font-size:11.5px}',
  '.gatherly text.return.rejected{fill:var(--failed)}',
  // Readable on whatever crosses them.
  '.gatherly .wait text,.gatherly text.return{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}',
  '.gatherly text.end{text-anchor:end}',
  '.gatherly .tip{fill:var(--ink)}',
  '.gatherly .open.tip{fill:none;stroke:var(--dim)}',
  '.gatherly .cross{stroke-width:2.5;fill:none}',
  '.gatherly .cross.failed{stroke:var(--failed)}',
  '.gatherly .cross.cancelled{stroke:var(--dim)}',
  '.gatherly .legend text{fill:var(--dim);font-size:11.5px}',
  '.gatherly .dim{fill:var(--dim)}',
  '.gatherly .verdict{font-weight:600}',
].join('\n')
