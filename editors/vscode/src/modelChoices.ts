/** Which models can be chosen, what they need, and how quick they would be here. Pure. */

/** An entry of `tacit models list --json`. */
export interface Model {
  name: string;
  bytes: number | null;
  license: string;
  tuning: 'base' | 'instruct' | null;
  default: boolean;
  /** Where its file is; null if it has to be downloaded. */
  path: string | null;
}

/** What `tacit doctor --json` tells of the machine, as far as it is needed here. */
export interface Machine {
  memory: { total: number };
  model: { name: string | null; bytes: number | null };
  /** Null where no model can run. Passes: how many tokens, and the milliseconds that they take together. */
  speed: { measured: boolean; passes: [number, number][] } | null;
}

export interface ModelChoice {
  name: string;
  here: boolean;
  isDefault: boolean;
  /** "492 MB · about 34 tokens/s · Apache-2.0" */
  facts: string;
  /** False where its weights would not fit into the memory beside everything else. */
  fits: boolean;
}

/** Beside the weights: the KV cache, the buffers that llama.cpp computes in, and what an editor takes. */
const BESIDE_WEIGHTS = 2e9;

/** Those on this machine first, then those that can be downloaded; each group from small to large, what does not fit last. */
export function modelChoices(models: readonly Model[], machine: Machine | undefined): ModelChoice[] {
  const known = models.filter((model): model is Model & { bytes: number } => model.bytes !== null);
  const choices = known.map((model) => {
    const fits = !machine || model.bytes + BESIDE_WEIGHTS <= machine.memory.total;
    const speed = machine && fits ? expectedSpeed(model.bytes, machine) : undefined;
    const facts = [
      humanBytes(model.bytes),
      speed === undefined ? '' : `about ${speed < 10 ? speed.toFixed(1) : speed.toFixed(0)} tokens/s`,
      fits ? '' : 'needs more memory than this machine has',
      model.tuning ?? '',
      model.license,
    ];
    return {
      choice: {
        name: model.name,
        here: model.path !== null,
        isDefault: model.default,
        facts: facts.filter(Boolean).join(' · '),
        fits,
      },
      bytes: model.bytes,
    };
  });
  const rank = (choice: ModelChoice) => (choice.here ? 0 : choice.fits ? 1 : 2);
  choices.sort((left, right) => rank(left.choice) - rank(right.choice) || left.bytes - right.bytes);
  return choices.map(({ choice }) => choice);
}

/**
 * Tokens a second, from what one pass takes with the model that was measured. For each token all weights are read once, so the time goes
 * with their size.
 */
export function expectedSpeed(bytes: number, machine: Machine): number | undefined {
  const one = machine.speed?.passes.find(([tokens]) => tokens === 1)?.[1];
  if (!one || !machine.model.bytes) return undefined;
  return 1000 / (one * (bytes / machine.model.bytes));
}

/** 492 MB, 1.1 GB: as `tacit models list` writes them. */
export function humanBytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
