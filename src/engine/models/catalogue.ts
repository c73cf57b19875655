// The models of one server: those that are known by name, and providers that take any name.
import type { Model, ModelCatalogue, ModelInfo } from '../model.ts';

/** What is known of a model beside its name at the provider. */
export type KnownModel = Partial<Pick<ModelInfo, 'name' | 'takesImages' | 'callsTools' | 'reasons'>>;

/** Makes a model of a provider's from its name, listed or not. */
export interface ModelProvider {
  /** The part before the slash: `openai`. */
  readonly id: string;
  model(name: string, known?: KnownModel): Model;
}

export function createCatalogue(models: readonly Model[], providers: readonly ModelProvider[] = []): ModelCatalogue {
  const byId = new Map(models.map((model) => [model.id, model]));
  return {
    list: () => models.map(infoOf),
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

function infoOf(model: Model): ModelInfo {
  const { id, name, demo, continuesPrefix, reattaches, takesImages, callsTools, reasons, takeover, price } = model;
  return { id, name, demo, continuesPrefix, reattaches, takesImages, callsTools, reasons, takeover, price };
}
