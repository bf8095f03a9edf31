import type { RpcLogLevel } from './rpc.ts';

export interface LogEntry {
  readonly level: RpcLogLevel;
  /** `Host`, `Function.<name>` (the host about an invocation) or `Function.<name>.User` (the function itself). */
  readonly category: string;
  readonly message: string;
  readonly invocationId?: string;
}

export type Log = (entry: LogEntry) => void;

const ORDER: readonly RpcLogLevel[] = ['trace', 'debug', 'information', 'warning', 'error', 'critical', 'none'];

/**
 * A log that writes one JSON line an entry: time, level, app, category, message, invocationId. `levels` are those of
 * host.json's `logging.logLevel`: the longest category that is a prefix decides, else `default`, else `information`.
 */
export function createLog(options: {
  readonly app: string;
  readonly levels: Readonly<Record<string, RpcLogLevel>>;
  readonly now: () => Date;
  readonly write: (line: string) => void;
}): Log {
  const lowest = new Map<string, number>();
  return (entry) => {
    let least = lowest.get(entry.category);
    if (least === undefined) {
      least = ORDER.indexOf(levelFor(options.levels, entry.category));
      lowest.set(entry.category, least);
    }
    if (entry.level === 'none' || ORDER.indexOf(entry.level) < least) return;
    const { level, category, message, invocationId } = entry;
    options.write(
      `${JSON.stringify({ time: options.now().toISOString(), level, app: options.app, category, message, invocationId })}\n`,
    );
  };
}

function levelFor(levels: Readonly<Record<string, RpcLogLevel>>, category: string): RpcLogLevel {
  const parts = category.split('.');
  for (let length = parts.length; length > 0; length--) {
    const level = levels[parts.slice(0, length).join('.')];
    if (level !== undefined) return level;
  }
  return levels['default'] ?? 'information';
}
