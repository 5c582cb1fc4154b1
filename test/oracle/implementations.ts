import * as gatherly from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import * as reference from '../../docs/reference/index.ts'
import { heldFailures } from '../../src/core/uncollected.ts'
import type { Implementation } from './interpreter.ts'

/** The package. Its types say far more than `Implementation`: hence the cast. */
export const packageImplementation = {
  ...gatherly,
  VirtualClock,
  uncollected: () => heldFailures(),
} as unknown as Implementation

/** The reference implementation of docs/reference. */
export const referenceImplementation = {
  ...reference,
  uncollected: () => [...reference.uncollected],
} as unknown as Implementation
