// Chooses the model that answers next. Demo models stand apart, and say what they are.
import type { ModelSummary } from 'verbatim/client';
import type { Models } from '../use-models.ts';

interface ModelPickerProps {
  readonly models: Models;
  readonly value: string;
  readonly onChange: (model: string) => void;
}

export function ModelPicker({ models, value, onChange }: ModelPickerProps) {
  const real = models.list.filter((model) => !model.demo);
  const demo = models.list.filter((model) => model.demo);
  const known = models.list.some((model) => model.id === value);
  return (
    <select
      className="model-picker"
      aria-label="Model"
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      {!known && <option value={value}>{value === '' ? 'Default model' : value}</option>}
      {real.length > 0 && <optgroup label="Models">{real.map(option)}</optgroup>}
      {demo.length > 0 && <optgroup label="Demo models – not AI">{demo.map(option)}</optgroup>}
    </select>
  );
}

function option({ id, name, demo }: ModelSummary) {
  return (
    <option key={id} value={id}>
      {demo ? `${name} · demo` : name}
    </option>
  );
}
