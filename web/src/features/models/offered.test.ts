import { describe, expect, it } from "vitest";
import { type ModelView, modelOf } from "./offered";

const model = (id: string, isDefault = false): ModelView => ({
  id,
  provider: "bedrock",
  default: isDefault,
  built_in: false,
  available: true,
  context_tokens: 1000,
  max_output_tokens: 100,
});
const models = [model("a"), model("b", true)];

describe("the model that a choice comes to", () => {
  it("is the chosen one where it is offered", () => {
    expect(modelOf(models, "a")).toEqual({ model: models[0], gone: false });
  });

  it("is the server's default where none was chosen", () => {
    expect(modelOf(models, undefined)).toEqual({ model: models[1], gone: false });
  });

  it("is the default, and said to be gone, where it is no longer offered", () => {
    expect(modelOf(models, "old")).toEqual({ model: models[1], gone: true });
  });

  it("is unknown, not gone, while the models are not known", () => {
    expect(modelOf([], "old")).toEqual({ model: undefined, gone: false });
  });
});
