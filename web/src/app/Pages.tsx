import { lazy, Suspense } from "react";
import { Route, Switch, useLocation } from "wouter";
import { ConversationPage } from "~/features/chat/ConversationPage";
import { FirstVisit } from "~/features/welcome/FirstVisit";
import { ErrorBoundary } from "./ErrorBoundary";
import { Loading } from "./Loading";
import { paths } from "./routes";

const LibraryPage = lazy(async () => ({
  default: (await import("~/features/documents/LibraryPage")).LibraryPage,
}));
const SettingsPage = lazy(() => import("~/features/settings/SettingsPage"));
const CostsPage = lazy(() => import("~/features/costs/CostsPage"));
const WelcomePage = lazy(() => import("~/features/welcome/WelcomePage"));

/** The page of the path. One that breaks leaves the others alone. */
export function Pages() {
  const [location] = useLocation();
  return (
    <ErrorBoundary resetKey={location}>
      <Suspense fallback={<Loading />}>
        <Switch>
          <Route path={paths.library} component={LibraryPage} />
          <Route path={paths.costs} component={CostsPage} />
          <Route path={paths.settings} component={SettingsPage} />
          <Route path={paths.welcome} component={WelcomePage} />
          <Route path="/c/:id">{({ id }) => <Conversation id={id} />}</Route>
          <Route>
            <Conversation id={undefined} />
          </Route>
        </Switch>
      </Suspense>
    </ErrorBoundary>
  );
}

/** The same element for a new conversation and for one with an id: it stays mounted when the new one gets its id. */
function Conversation({ id }: { readonly id: string | undefined }) {
  return (
    <FirstVisit skip={id !== undefined}>
      <ConversationPage conversationId={id} />
    </FirstVisit>
  );
}
