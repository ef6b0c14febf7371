import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";
import { ConversationPage } from "~/features/chat/ConversationPage";
import { ConversationList } from "~/features/conversations/ConversationList";
import { LibraryPage } from "~/features/documents/LibraryPage";
import { usePanel } from "~/state/panel";
import { Toasts } from "~/ui/Toasts";

const SourcePanel = lazy(() => import("~/features/sources/SourcePanel"));
const SettingsPage = lazy(() => import("~/features/settings/SettingsPage"));
const CostsPage = lazy(() => import("~/features/costs/CostsPage"));
const WelcomePage = lazy(() => import("~/features/welcome/WelcomePage"));

export function App() {
  const panel = usePanel((state) => state.content);
  return (
    <>
      <ConversationList currentId={undefined} onChosen={() => undefined} />
      <main>
        <Suspense>
          <Switch>
            <Route path="/c/:id">{({ id }) => <ConversationPage conversationId={id} />}</Route>
            <Route path="/library" component={LibraryPage} />
            <Route path="/costs" component={CostsPage} />
            <Route path="/settings" component={SettingsPage} />
            <Route path="/welcome" component={WelcomePage} />
            <Route>
              <ConversationPage conversationId={undefined} />
            </Route>
          </Switch>
        </Suspense>
      </main>
      {panel && (
        <Suspense>
          <SourcePanel />
        </Suspense>
      )}
      <Toasts />
    </>
  );
}
