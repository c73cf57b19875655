// verbatim/models: the models that Verbatim brings, and what it takes to add one.
export type { Model, ModelCatalogue, ModelInfo, ModelMessage, ModelPart, ModelRequest } from './engine/model.ts';
export { createCatalogue, type ModelProvider } from './engine/models/catalogue.ts';
export { createDemoModels } from './engine/models/demo.ts';
export { tourText } from './engine/models/tour.ts';
export { discoverModels, type DiscoverOptions, type Discovery } from './engine/models/discover.ts';
export { createOpenAiProvider, type OpenAiOptions } from './engine/models/openai.ts';
