import type { Coverable, DecisionRules, Excludable, MatrixRule } from '../authorize/rules.ts';
import { actionOfKind } from '../authorize/actions.ts';
import type { Decision } from '../wire/record.ts';
import type { Timestamp } from '../wire/timestamp.ts';

/** What is decided on, as far as the matrix asks. */
export interface Gate {
  readonly project: string | undefined;
  readonly kind: NonNullable<Decision['kind']> | undefined;
  readonly insteadOf: NonNullable<Decision['kind']> | undefined;
  /** All that it is for; empty: for none in particular. */
  readonly environments: readonly string[];
}

/** The matrix entries that a decision must meet: one for each environment that it covers, and all of them together. */
export interface GateRule {
  readonly entries: readonly { readonly environment: string | undefined; readonly rule: MatrixRule }[];
  readonly quorum: number;
  /** True where everybody who is eligible must vote; for a baseline always, whatever the number: every signer has to sign. */
  readonly everybody: boolean;
  readonly excluded: readonly Excludable[];
  readonly covers: readonly Coverable[];
  /** Hours. */
  readonly validFor: number | undefined;
}

/** Who may go ahead, in each environment, and within how many hours that must be reviewed. */
export interface EmergencyRule {
  readonly roles: readonly { readonly environment: string | undefined; readonly role: string }[];
  readonly reviewWithin: number;
}

/** What a decision of a request must meet by the rules in force then; undefined where for any part of it they say nothing. */
export function ruleOfGate(rules: DecisionRules, gate: Gate, time: Timestamp): GateRule | undefined {
  if (gate.kind === undefined) return undefined;
  const own = entriesOf(rules, gate, gate.kind, time);
  // Where the matrix has no entry of its own for emergencies, those review who would have decided.
  const entries = own ?? (gate.insteadOf === undefined ? undefined : entriesOf(rules, gate, gate.insteadOf, time));
  if (entries === undefined) return undefined;
  const all = entries.map(({ rule }) => rule);
  const hours = all.flatMap(({ validFor }) => validFor ?? []);
  return {
    entries,
    quorum: Math.max(1, ...all.map(({ quorum }) => (quorum === 'all' ? 1 : quorum))),
    everybody: gate.kind === 'baseline' || all.some(({ quorum }) => quorum === 'all'),
    excluded: [...new Set(all.flatMap(({ excluded }) => excluded))],
    covers: [...new Set(all.flatMap(({ covers }) => covers))],
    validFor: hours.length === 0 ? undefined : Math.min(...hours),
  };
}

/** undefined where nobody may go ahead of this decision. */
export function emergencyOfGate(rules: DecisionRules, gate: Gate, time: Timestamp): EmergencyRule | undefined {
  const kind = gate.insteadOf ?? gate.kind;
  const entries = kind === undefined ? undefined : entriesOf(rules, gate, kind, time);
  if (entries === undefined) return undefined;
  const roles: EmergencyRule['roles'][number][] = [];
  let reviewWithin = Number.POSITIVE_INFINITY;
  for (const { environment, rule } of entries) {
    if (rule.emergency === undefined) return undefined;
    roles.push({ environment, role: rule.emergency.role });
    reviewWithin = Math.min(reviewWithin, rule.emergency.reviewWithin);
  }
  return { roles, reviewWithin };
}

function entriesOf(
  rules: DecisionRules,
  { project, environments }: Gate,
  kind: NonNullable<Decision['kind']>,
  time: Timestamp,
): GateRule['entries'] | undefined {
  if (project === undefined) return undefined;
  const entries: GateRule['entries'][number][] = [];
  for (const environment of environments.length === 0 ? [undefined] : environments) {
    const rule = rules.ruleFor(actionOfKind(kind), project, environment, time);
    if (rule === undefined) return undefined;
    entries.push({ environment, rule });
  }
  return entries;
}
