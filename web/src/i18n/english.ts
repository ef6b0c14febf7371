import chat from "./en/chat.json";
import common from "./en/common.json";
import conversations from "./en/conversations.json";
import costs from "./en/costs.json";
import documents from "./en/documents.json";
import importing from "./en/importing.json";
import markdown from "./en/markdown.json";
import models from "./en/models.json";
import pwa from "./en/pwa.json";
import settings from "./en/settings.json";
import shell from "./en/shell.json";
import shortcuts from "./en/shortcuts.json";
import sources from "./en/sources.json";
import welcome from "./en/welcome.json";

export const english = {
  common,
  chat,
  markdown,
  conversations,
  importing,
  documents,
  sources,
  shell,
  settings,
  models,
  costs,
  pwa,
  welcome,
  shortcuts,
};
