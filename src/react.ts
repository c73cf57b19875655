// verbatim/react: hooks over verbatim/client.
export { useConversation } from './react/use-conversation.ts';
