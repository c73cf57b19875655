// The models of one server: those that are known by name, and providers that take any name.
import type { Model, ModelCatalogue } from '../model.ts';

/** Makes a model of a provider's from its name, listed or not. */
export interface ModelProvider {
  /** The part before the slash: `openai`. */
  readonly id: string;
  model(name: string): Model;
}

export function createCatalogue(models: readonly Model[], providers: readonly ModelProvider[] = []): ModelCatalogue {
  const byId = new Map(models.map((model) => [model.id, model]));
  return {
    list: () => models.map(({ id, name, demo, continuesPrefix }) => ({ id, name, demo, continuesPrefix })),
    find(id) {
      const known = byId.get(id);
      if (known !== undefined) return known;
      const slash = id.indexOf('/');
      const provider = providers.find((candidate) => candidate.id === id.slice(0, slash));
      const name = id.slice(slash + 1);
      return slash > 0 && name !== '' ? provider?.model(name) : undefined;
    },
  };
}
