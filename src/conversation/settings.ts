// What a conversation asks of its models beside the messages.

/** Each is the provider's own default where it is left out. */
export interface ModelSettings {
  /** 0: the most likely word each time; 2: wild. */
  readonly temperature?: number | undefined;
  /** Above 0, at most 1. */
  readonly topP?: number | undefined;
  /** Tokens of an answer, its reasoning included. */
  readonly maxOutputTokens?: number | undefined;
  /** How long a model that reasons may think. */
  readonly reasoning?: 'none' | 'low' | 'medium' | 'high' | undefined;
  /** Asks for the same answer again, where a provider knows how. */
  readonly seed?: number | undefined;
}
