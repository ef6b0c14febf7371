/** How other models are connected: the commands of README, "Which model answers". No words, so nothing to translate. */
export const CONNECTIONS = [
  { id: "claude", command: "CHATBOT_MODEL=bedrock:global.anthropic.claude-haiku-5-5 make run" },
  {
    id: "ollama",
    command: "ollama pull llama3.2\nCHATBOT_MODEL=openai:llama3.2@http://127.0.0.1:11434/v1 make run",
  },
  { id: "local", command: "CHATBOT_MODEL=openai:MODEL@http://127.0.0.1:1234/v1 make run" },
  {
    id: "openai",
    command: "CHATBOT_OPENAI_API_KEY=KEY \\\n  CHATBOT_MODEL=openai:MODEL@https://api.openai.com/v1 make run",
  },
  { id: "gguf", command: "CHATBOT_MODEL=gguf:/path/to/model.gguf make run" },
] as const;
