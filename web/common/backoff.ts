// SPDX-License-Identifier: Apache-2.0
// When to try again: after a random part of a span that grows with each try, from the first one on, so
// that a house full of phones that lost the box in one instant does not come back in one.
const GROWTH = 1.6;

export class Backoff {
  private tries = 0;

  /** ms; random() gives 0 to 1. */
  constructor(
    private readonly first = 1000,
    private readonly most = 10_000,
    private readonly random: () => number = Math.random,
  ) {}

  /** It was refused, or lost: how long to wait, ms. */
  next(): number {
    return this.random() * Math.min(this.most, this.first * GROWTH ** this.tries++);
  }

  /** The same as a pause. */
  pause(): Promise<void> {
    return new Promise((done) => setTimeout(done, this.next()));
  }

  /** It went well, or somebody looks. */
  reset(): void {
    this.tries = 0;
  }
}
