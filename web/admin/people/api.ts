// SPDX-License-Identifier: Apache-2.0
// Users, sessions and who did what, over HTTP.
import { type Dict, isDict, isInt, isText } from "../../common/wire";
import { call } from "../api";
import type { Role } from "../sections";

export interface User {
  user: string;
  role: Role;
  disabled: boolean;
  sessions: number;
  seen?: number; // house time, us
  firstPassword: boolean;
}
export interface Session {
  id: string;
  user: string;
  address: string;
  agent: string;
  began: number;
  seen: number;
  current: boolean;
}
export interface Entry {
  n: number;
  at: number;
  wall?: number; // us since 1970; absent when the clock could not be trusted
  user: string;
  role: string;
  address: string;
  what: string;
  object: string;
  status: number;
  code?: string;
  detail?: string;
}

export const ROLES: readonly Role[] = ["viewer", "guide", "curator", "admin"];

const list = (x: unknown): Dict[] => (Array.isArray(x) ? x.filter(isDict) : []);
const text = (x: unknown): string => (isText(x, 400) ? x : "");

export async function users(): Promise<User[]> {
  return list((await call("GET", "/users")).users).map((u) => {
    const user: User = {
      user: text(u.user),
      role: ROLES.find((r) => r === u.role) ?? "viewer",
      disabled: u.disabled === true,
      sessions: isInt(u.sessions) ? u.sessions : 0,
      firstPassword: u.first_password === true,
    };
    if (isInt(u.seen)) user.seen = u.seen;
    return user;
  });
}

export async function createUser(user: string, role: string, password: string): Promise<void> {
  await call("POST", "/users", { user, role, password });
}

export async function changeUser(user: string, change: { role?: Role; password?: string; disabled?: boolean }): Promise<void> {
  await call("PATCH", `/users/${encodeURIComponent(user)}`, change);
}

export async function removeUser(user: string): Promise<void> {
  await call("DELETE", `/users/${encodeURIComponent(user)}`);
}

export async function changeOwnPassword(old_password: string, password: string): Promise<void> {
  await call("PUT", "/me/password", { old_password, password });
}

export async function sessions(): Promise<Session[]> {
  return list((await call("GET", "/sessions")).sessions).map((s) => ({
    id: text(s.id),
    user: text(s.user),
    address: text(s.address),
    agent: text(s.agent),
    began: isInt(s.began) ? s.began : 0,
    seen: isInt(s.seen) ? s.seen : 0,
    current: s.current === true,
  }));
}

export async function endSession(id: string): Promise<void> {
  await call("DELETE", `/sessions/${id}`);
}

export async function trail(user: string, object: string, before: string): Promise<{ entries: Entry[]; next: string }> {
  const query = new URLSearchParams({ limit: "50" });
  if (user !== "") query.set("user", user);
  if (object !== "") query.set("object", object);
  if (before !== "") query.set("before", before);
  const answer = await call("GET", `/audit?${query}`);
  const entries = list(answer.entries).map((e) => {
    const entry: Entry = {
      n: isInt(e.n) ? e.n : 0,
      at: isInt(e.at) ? e.at : 0,
      user: text(e.user),
      role: text(e.role),
      address: text(e.address),
      what: text(e.what),
      object: text(e.object),
      status: isInt(e.status) ? e.status : 0,
    };
    if (isInt(e.wall)) entry.wall = e.wall;
    if (isText(e.code, 64)) entry.code = e.code;
    if (isText(e.detail, 400)) entry.detail = e.detail;
    return entry;
  });
  return { entries, next: text(answer.next) };
}
