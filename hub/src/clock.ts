/** Time is a parameter: rooms take a clock, tests pass their own. ms UTC. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();
