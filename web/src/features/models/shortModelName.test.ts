import { describe, expect, it } from "vitest";
import { shortModelName } from "./shortModelName";

describe("the short name of a model", () => {
  it.each([
    ["builtin", "Built-in model"],
    ["bedrock:global.anthropic.claude-haiku-5-5", "Claude Haiku 5.5"],
    ["bedrock:eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "Claude Sonnet 4.5"],
    ["bedrock:anthropic.claude-3-haiku-20240307-v1:0", "Claude 3 Haiku"],
    ["bedrock:us.amazon.nova-lite-v1:0", "Nova Lite"],
    ["bedrock:amazon.nova-micro-v1:0:128k", "Nova Micro"],
    ["bedrock:us.meta.llama3-3-70b-instruct-v1:0", "Llama 3.3 70b Instruct"],
    [
      "bedrock:arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-haiku-5-5",
      "Claude Haiku 5.5",
    ],
    ["openai:llama3.2@http://127.0.0.1:11434/v1", "llama3.2"],
    ["openai:gpt-5@https://api.openai.com/v1", "gpt-5"],
    ["openai:org/model:tag@http://[::1]:8080/v1", "org/model:tag"],
    ["openai:name@with-at@https://example.org/v1", "name@with-at"],
    ["openai:no-address", "no-address"],
    ["gguf:/home/me/models/Qwen3-4B-Q4_K_M.gguf", "Qwen3-4B-Q4_K_M"],
    ["gguf:C:\\models\\tiny.GGUF", "tiny"],
    ["gguf:relative.gguf", "relative"],
    ["something-else", "something-else"],
    ["other:thing", "other:thing"],
    ["bedrock:", "bedrock:"],
    ["", ""],
  ])("of %j is %j", (id, name) => {
    expect(shortModelName(id)).toBe(name);
  });

  it("of the built-in one is in the language of the interface", () => {
    expect(shortModelName("builtin", "Eingebautes Modell")).toBe("Eingebautes Modell");
  });
});
