// SPDX-License-Identifier: Apache-2.0
// How the group is doing, as the server tells guides (docs/PROTOCOL.md, "The audience").
import { type Dict, type Reaction, isDict, isInt, isText } from "../../common/wire";

export const REACTIONS: readonly Reaction[] = ["clap", "laugh", "heart", "question"];
const HANDS_MAX = 16;
const GUIDES_MAX = 8;
const COUNT_MAX = 0x7fffffff;

export interface Person {
  member: string;
  name: string;
  number?: number;
}
export interface Audience {
  visitors: number;
  ready: number;
  loading: number;
  waiting: number;
  astray: number;
  asleep: number;
  away: boolean; // the guide who leads is not here
  hands_up: number;
  hands: Person[];
  guides: Person[];
  reactions: Record<Reaction, number>;
}
function readPeople(x: unknown, most: number): Person[] | null {
  if (x === undefined) return [];
  if (!Array.isArray(x) || x.length > most) return null;
  const people: Person[] = [];
  for (const one of x) {
    if (!isDict(one) || !isText(one.member, 23)) return null;
    const person: Person = { member: one.member, name: isText(one.name, 80) ? one.name : "" };
    if (isInt(one.number, 1, COUNT_MAX)) person.number = one.number;
    people.push(person);
  }
  return people;
}

const COUNTS = ["visitors", "ready", "loading", "waiting", "astray", "asleep", "hands_up"] as const;

export function readAudience(x: Dict): Audience | null {
  const hands = readPeople(x.hands, HANDS_MAX), guides = readPeople(x.guides, GUIDES_MAX);
  const { reactions } = x;
  if (!hands || !guides || !isDict(reactions)) return null;
  const counts = {} as Record<(typeof COUNTS)[number], number>;
  for (const key of COUNTS) {
    const n = x[key];
    if (!isInt(n, 0, COUNT_MAX)) return null;
    counts[key] = n;
  }
  const shown = {} as Record<Reaction, number>;
  for (const what of REACTIONS) {
    const n = reactions[what];
    shown[what] = isInt(n, 0, COUNT_MAX) ? n : 0;
  }
  return { ...counts, away: x.away === true, hands, guides, reactions: shown };
}

