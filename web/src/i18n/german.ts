import chat from "./de/chat.json";
import common from "./de/common.json";
import conversations from "./de/conversations.json";
import costs from "./de/costs.json";
import documents from "./de/documents.json";
import importing from "./de/importing.json";
import markdown from "./de/markdown.json";
import models from "./de/models.json";
import pwa from "./de/pwa.json";
import settings from "./de/settings.json";
import shell from "./de/shell.json";
import shortcuts from "./de/shortcuts.json";
import sources from "./de/sources.json";
import welcome from "./de/welcome.json";

export default {
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
