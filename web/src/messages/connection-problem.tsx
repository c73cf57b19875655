// Why the connection ended for good, and the way to begin anew.
export function ConnectionProblem({ reason }: { readonly reason: string }) {
  return (
    <div className="connection-problem notice" role="alert">
      <p>
        <strong>Disconnected.</strong> {reason}
      </p>
      <button type="button" className="plain-button" onClick={() => window.location.reload()}>
        Reload
      </button>
    </div>
  );
}
