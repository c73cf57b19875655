// verbatim/models: the models that Verbatim brings, and what it takes to add one.
export type {
  Model,
  ModelCatalogue,
  ModelInfo,
  ModelMessage,
  ModelPart,
  ModelRequest,
  Reattach,
  TakeoverPolicy,
  ToolInfo,
} from './engine/model.ts';
export type { ModelSettings } from './conversation/settings.ts';
export { createCatalogue, type KnownModel, type ModelProvider } from './engine/models/catalogue.ts';
export { createDemoModels } from './engine/models/demo.ts';
export { tourText } from './engine/models/tour.ts';
export { discoverModels, type DiscoverOptions, type Discovery } from './engine/models/discover.ts';
export { fromAiSdk, type AiSdkOptions } from './engine/models/ai-sdk.ts';
export type { FailureSource } from './engine/models/failure.ts';
export { createAnthropicProvider, type AnthropicOptions } from './engine/models/anthropic.ts';
export { createGgufModel, type GgufOptions } from './engine/models/gguf.ts';
export { createGoogleProvider, type GoogleOptions } from './engine/models/google.ts';
export { createOpenAiProvider, type OpenAiOptions } from './engine/models/openai.ts';
