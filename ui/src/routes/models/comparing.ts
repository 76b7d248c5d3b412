/** What stands on either side of a comparison: a version, a run, or a version with the run that made it. */
import type { Run } from '../training/curves';
import type { Version } from './aliases';

export interface Side {
  name: string;
  version: number | null;
  run: Run | undefined;
  family: string;
  params: Record<string, unknown>;
  metrics: Record<string, unknown>;
}

interface Asked {
  versions: Version[];
  runs: Run[];
  /** Versions by number or alias. */
  a: string | null;
  b: string | null;
  /** Runs by id; they come first. */
  ids: string[];
}

/** Both sides in their order; fewer where an address names what is not there. */
export function sidesOf({ versions, runs, a, b, ids }: Asked): Side[] {
  const sides = ids.length ? ids.map((id) => ofRun(id, runs)) : [a, b].map((ref) => ofVersion(ref, versions, runs));
  return sides.filter((side) => side !== undefined);
}

function ofRun(id: string, runs: Run[]): Side | undefined {
  const run = runs.find((one) => one.id === id);
  if (!run) return undefined;
  const name = run.version
    ? `Version ${run.version}`
    : `${run.family} run of ${run.started_at.slice(0, 16).replace('T', ' ')}`;
  return { name, version: run.version, run, family: run.family, params: run.params, metrics: run.metrics };
}

function ofVersion(ref: string | null, versions: Version[], runs: Run[]): Side | undefined {
  const version = versions.find((one) => String(one.number) === ref || (one.alias != null && one.alias === ref));
  if (!version) return undefined;
  const { number, family, params, metrics } = version;
  const run = runs.find((one) => one.version === number);
  return {
    name: `Version ${number}`,
    version: number,
    run,
    family,
    params,
    metrics: (metrics['test'] ?? {}) as Side['metrics'],
  };
}
