import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { CONNECTIONS } from "./connections";

const readme = readFileSync("../README.md", "utf8");

it("the commands of the welcome page are those of README", () => {
  const named = CONNECTIONS.flatMap(({ command }) => command.match(/(?<=CHATBOT_MODEL=)\S+/g) ?? []);
  expect(named).toHaveLength(CONNECTIONS.length);
  // Where the reader puts in a name of their own, README has another example.
  for (const model of named.filter((each) => !each.includes("MODEL@"))) expect(readme).toContain(model);
  expect(readme).toContain("CHATBOT_OPENAI_API_KEY");
  expect(readme).toContain("CHATBOT_MODEL=");
});
