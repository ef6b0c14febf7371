/** Names for people. Pure. */

const FAMILIES: Readonly<Record<string, string>> = {
  claude: "Claude",
  nova: "Nova",
  titan: "Titan",
  llama: "Llama",
  mistral: "Mistral",
  mixtral: "Mixtral",
  deepseek: "DeepSeek",
  gpt: "GPT",
  qwen: "Qwen",
  gemma: "Gemma",
};

/**
 * The name of a model as people say it, out of its id: `bedrock:global.anthropic.claude-haiku-5-5` is "Claude Haiku 5.5",
 * `openai:llama3.2@http://...` is "llama3.2", a GGUF file is its file's name, the built-in one is `builtIn`.
 * What is not known stays as it is.
 */
export function shortModelName(id: string, builtIn = "Built-in model"): string {
  if (id === "builtin") return builtIn;
  const colon = id.indexOf(":");
  const provider = id.slice(0, colon);
  const rest = id.slice(colon + 1).trim();
  if (colon < 1 || !rest) return id;
  if (provider === "openai") return rest.replace(/@(?=[a-z]+:\/\/).*$/i, "") || rest;
  if (provider === "gguf") return (rest.split(/[\\/]/).at(-1) ?? rest).replace(/\.gguf$/i, "") || rest;
  if (provider === "bedrock") return bedrockName(rest);
  return id;
}

/** `eu.anthropic.claude-sonnet-4-5-20250929-v1:0` -> "Claude Sonnet 4.5". */
function bedrockName(id: string): string {
  const name = id.split("/").at(-1) ?? id;
  const bare = name
    .replace(/^(?:[a-z-]+\.)+(?=[a-z])/i, "")
    .replace(/(?:-v\d+)?(?::\w+)*$/i, "")
    .replace(/-\d{8}$/, "");
  const words: string[] = [];
  for (const part of bare.split("-").flatMap(partsOf)) {
    const before = words.at(-1);
    if (before && /^\d{1,2}$/.test(part) && /^\d+(\.\d+)*$/.test(before))
      words[words.length - 1] = `${before}.${part}`;
    else words.push(part);
  }
  return words.map(capitalised).join(" ") || id;
}

/** A family that is written together with its version, such as `llama3`, in two. */
function partsOf(word: string): string[] {
  const [, family, version] = /^([a-z]+)(\d+)$/i.exec(word) ?? [];
  if (family && version && family.toLowerCase() in FAMILIES) return [family, version];
  return word ? [word] : [];
}

function capitalised(word: string): string {
  return FAMILIES[word.toLowerCase()] ?? word.charAt(0).toUpperCase() + word.slice(1);
}
