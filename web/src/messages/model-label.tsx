// Which model speaks; a demo model is never mistaken for an AI.
export function ModelLabel({ name, demo }: { readonly name: string; readonly demo: boolean }) {
  return (
    <span className="model-label">
      <span className="model-name">{name}</span>
      {demo && <span className="demo-badge">Demo model – not an AI</span>}
    </span>
  );
}
