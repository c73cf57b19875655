// The models that the server offers, loaded once.
import { useEffect, useMemo, useState } from 'react';
import type { Client, ModelList, ModelSummary } from 'verbatim/client';

export interface Models {
  readonly list: readonly ModelSummary[];
  /** Id of the model that answers where none is chosen; empty until it is known. */
  readonly preferred: string;
  /** What to call a model; also one that is no longer there. */
  describe(id: string): { readonly name: string; readonly demo: boolean };
}

const none: ModelList = { models: [], default: '' };

export function useModels(client: Client): Models {
  const [known, setKnown] = useState(none);
  useEffect(() => {
    let current = true;
    client.listModels().then(
      (models) => {
        if (current) setKnown(models);
      },
      () => undefined, // The page works without: the server then chooses the model.
    );
    return () => {
      current = false;
    };
  }, [client]);
  return useMemo(
    () => ({
      list: known.models,
      preferred: known.default,
      describe: (id) => known.models.find((model) => model.id === id) ?? { name: id, demo: id.startsWith('demo/') },
    }),
    [known],
  );
}
