// What the layers tell about themselves. Never message text, prompts or keys.

/** One thing that happened. */
export type TelemetryEvent =
  | { readonly type: 'run-start'; readonly run: string; readonly model: string; readonly takeover: boolean }
  | {
      readonly type: 'run-end';
      readonly run: string;
      readonly outcome: string;
      readonly durationMs: number;
    }
  | { readonly type: 'request-failed'; readonly path: string; readonly error: unknown }
  | { readonly type: 'background-failed'; readonly task: string; readonly error: unknown };

/** Receives events, synchronously; must not throw. Off by default. */
export type Telemetry = (event: TelemetryEvent) => void;

export const noTelemetry: Telemetry = () => undefined;
