import { Cron } from 'croner';
import { z } from 'zod';
import { HostError, messageOf } from './host-error.ts';
import type { Log } from './log.ts';
import { parseRetryPolicy, runWithRetries } from './retry.ts';
import type { RetryOutcome } from './retry.ts';
import { resolveSettings } from './settings.ts';
import type { Settings } from './settings.ts';
import type { RegisteredFunction, Worker } from './worker.ts';

const bindingSchema = z.object({ schedule: z.string(), runOnStartup: z.boolean().default(false) });

export interface TimerFunction {
  readonly kind: 'timer';
  readonly target: RegisteredFunction;
  readonly schedule: string;
  readonly runOnStartup: boolean;
}

/** A timer that runs: never twice at once. */
export interface RunningTimer {
  readonly name: string;
  /** Runs the function now or, where it runs already, once more after that; resolves with how that run ended. */
  fire(): Promise<RetryOutcome>;
  /** No more runs by schedule. */
  stop(): void;
}

/** croner reads more than NCrontab (`L`, `W`, `#`, `?`, nicknames, a seventh weekday), which would fail in Azure. */
const NCRONTAB_VALUE = String.raw`(\*|[0-9]{1,2}|[A-Za-z]{3})`;
const NCRONTAB_ITEM = String.raw`${NCRONTAB_VALUE}(-${NCRONTAB_VALUE})?(/[0-9]{1,2})?`;
const NCRONTAB_FIELD = new RegExp(`^${NCRONTAB_ITEM}(,${NCRONTAB_ITEM})*$`);

/** @throws HostError `registration` where the schedule is no NCRONTAB expression of six fields, `setting` */
export function parseTimerFunction(target: RegisteredFunction, settings: Settings): TimerFunction {
  const parsed = bindingSchema.safeParse(target.trigger);
  if (!parsed.success) {
    throw new HostError(
      'registration',
      `the timer of "${target.name}" cannot be used: ${z.prettifyError(parsed.error)}`,
    );
  }
  const schedule = resolveSettings(parsed.data.schedule, settings);
  try {
    toCron(schedule);
  } catch (error) {
    throw new HostError(
      'registration',
      `the timer of "${target.name}" has the schedule "${schedule}", which is no NCRONTAB expression of six fields: ${messageOf(error)}`,
      { cause: error },
    );
  }
  parseRetryPolicy(target.name, target.metadata.retryOptions);
  return { kind: 'timer', target, schedule, runOnStartup: parsed.data.runOnStartup };
}

/**
 * Starts a timer, in UTC. A tick that comes while the function still runs is left out, as in the real host, which plans the
 * next run when the last has ended. `signal` ends the waiting between retries.
 */
export function startTimer(
  timer: TimerFunction,
  parts: { readonly worker: Worker; readonly log: Log; readonly now: () => Date; readonly signal: AbortSignal },
): RunningTimer {
  const { target } = timer;
  const { worker, log, now, signal } = parts;
  const policy = parseRetryPolicy(target.name, target.metadata.retryOptions);
  const cron = toCron(timer.schedule);
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let lastRun: Date | undefined;

  async function run(): Promise<RetryOutcome> {
    // One that still waited for its turn when the host stopped.
    if (signal.aborted) return { kind: 'stopped' };
    const input = { json: JSON.stringify(timerInfo(lastRun, cron.nextRun())) };
    lastRun = now();
    return runWithRetries(policy, signal, (retryContext) => worker.invoke(target, { input, retryContext }));
  }

  function fire(): Promise<RetryOutcome> {
    waiting++;
    const outcome = last.then(run).finally(() => waiting--);
    last = outcome;
    return outcome;
  }

  const job = toCron(timer.schedule, () => {
    if (waiting === 0) void fire();
    else log({ level: 'warning', category: `Function.${target.name}`, message: 'a tick is left out: it still runs' });
  });
  if (timer.runOnStartup) void fire();
  return { name: target.name, fire, stop: () => job.stop() };
}

function toCron(schedule: string, run?: () => void): Cron {
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== 6 || !fields.every((field) => NCRONTAB_FIELD.test(field)) || /7/.test(fields[5] ?? '')) {
    throw new SyntaxError('expected {second} {minute} {hour} {day} {month} {day of week}');
  }
  // NCrontab wants day and weekday to match, where cron is content with one, and reads 5/15 as 5-59/15.
  const options = { timezone: 'UTC', mode: '6-part', domAndDow: true, sloppyRanges: true } as const;
  return run === undefined ? new Cron(schedule, { ...options, paused: true }) : new Cron(schedule, options, run);
}

/** The real host's TimerInfo; the library gives its names a lower-case first letter. */
function timerInfo(last: Date | undefined, next: Date | null): unknown {
  const time = (date: Date | undefined | null) => date?.toISOString() ?? '0001-01-01T00:00:00+00:00';
  return {
    Schedule: { AdjustForDST: true },
    ScheduleStatus: { Last: time(last), LastUpdated: time(last), Next: time(next) },
    IsPastDue: false,
  };
}
