const option = (name: string): string | undefined =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3)

/** Whether this is only a try: few rounds and few calls, and nothing is saved. */
export const isQuick: boolean = process.argv.includes('--quick')

/** Whether the results replace those in `bench/results`. */
export const isSaved: boolean = process.argv.includes('--save') && !isQuick

/** How many rounds are measured, if not as many as usual. */
export const wantedRounds: number | undefined = Number(option('rounds')) || undefined

/** Part of the names of what is measured, for a look at one of them. */
export const wantedName: string = option('only') ?? ''
