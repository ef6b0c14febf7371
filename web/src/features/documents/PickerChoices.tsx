import { useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "~/ui/Button";
import { fieldStyles } from "~/ui/Field";
import { MOST_CHOSEN } from "./attach";
import { ListingState } from "./ListingState";
import { OfferList } from "./OfferList";
import styles from "./PickerChoices.module.css";
import { offersOf, toggled, withOffered } from "./picking";
import type { Documents } from "./useDocuments";

interface PickerChoicesProps {
  readonly listing: Documents;
  readonly chosen: readonly string[];
  readonly onChoose: (ids: readonly string[]) => void;
}

/** The documents to choose from, with a search. */
export function PickerChoices({ listing, chosen, onChoose }: PickerChoicesProps) {
  const { t } = useTranslation("documents");
  const [query, setQuery] = useState("");
  const search = useDeferredValue(query.trim());
  const isComplete = !listing.hasMore && !listing.isPending && !listing.error;
  const offers = useMemo(
    () => offersOf(listing.documents, chosen, search, isComplete),
    [listing.documents, chosen, search, isComplete],
  );
  const canAdd = offers.some(({ canToggle, isChosen }) => canToggle && !isChosen);
  return (
    <div className={styles.root}>
      <input
        type="search"
        className={fieldStyles.control}
        aria-label={t("search")}
        placeholder={t("search")}
        value={query}
        onChange={(event) => setQuery(event.target.value)}
      />
      <div className={styles.line}>
        <p role="status">
          {chosen.length
            ? t("picker.chosenCount", { count: chosen.length, most: MOST_CHOSEN })
            : t("picker.noneChosen")}
        </p>
        {search !== "" && canAdd && (
          <Button variant="quiet" onClick={() => onChoose(withOffered(chosen, offers))}>
            {t("picker.chooseShown")}
          </Button>
        )}
        {chosen.length > 0 && (
          <Button variant="quiet" onClick={() => onChoose([])}>
            {t("picker.chooseNone")}
          </Button>
        )}
      </div>
      {offers.length ? (
        <OfferList offers={offers} onToggle={(id) => onChoose(toggled(chosen, id))} />
      ) : (
        <ListingState listing={listing} query={search} />
      )}
      {listing.isLoadingMore && (
        <p className={styles.more} role="status">
          {t("loadingMore")}
        </p>
      )}
    </div>
  );
}
