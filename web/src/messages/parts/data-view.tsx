// A value for a program that knows it. This page does not, and shows it as it is.
import type { DataPart } from 'verbatim/client';
import { Fold } from './fold.tsx';
import { Json } from './json.tsx';

export function DataView({ data: { name, value } }: { readonly data: DataPart }) {
  const label = (
    <>
      Data <code>{name}</code>
    </>
  );
  return (
    <Fold part="data" label={label}>
      <Json label="Value" text={JSON.stringify(value) ?? 'null'} />
    </Fold>
  );
}
