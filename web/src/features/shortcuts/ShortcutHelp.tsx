import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { usePreferences } from "~/state/preferences";
import { Dialog } from "~/ui/Dialog";
import { Switch } from "~/ui/Switch";
import { type Combo, isMac, writtenKeys } from "./combo";
import styles from "./ShortcutHelp.module.css";
import { SHORTCUTS, type Shortcut } from "./shortcuts";

const GROUPS = ["chat", "around"] as const;

/** The sheet of keyboard shortcuts. */
export default function ShortcutHelp({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation("shortcuts");
  const singleKeys = usePreferences((state) => state.singleKeys);
  const set = usePreferences((state) => state.set);
  return (
    <Dialog title={t("title")} onClose={onClose} wide>
      <div className={styles.groups}>
        {GROUPS.map((group) => (
          <section key={group}>
            <h3 className={styles.heading}>{t(`group.${group}`)}</h3>
            <dl className={styles.list}>
              {SHORTCUTS.filter((shortcut) => shortcut.group === group).map((shortcut) => (
                <ShortcutLine key={shortcut.id} shortcut={shortcut} />
              ))}
            </dl>
          </section>
        ))}
      </div>
      <Switch
        label={t("single.label")}
        hint={t("single.hint")}
        checked={singleKeys}
        onChange={(checked) => set({ singleKeys: checked })}
      />
    </Dialog>
  );
}

function ShortcutLine({ shortcut }: { readonly shortcut: Shortcut }) {
  const { t } = useTranslation("shortcuts");
  return (
    <div className={styles.line}>
      <dt>{t(`action.${shortcut.id}`)}</dt>
      <dd>
        {shortcut.keys.map((combo, index) => (
          <Fragment key={combo.key + String(combo.mod)}>
            {index > 0 && <span className={styles.or}>{t("or")}</span>}
            <Keys combo={combo} />
          </Fragment>
        ))}
      </dd>
    </div>
  );
}

function Keys({ combo }: { readonly combo: Combo }) {
  const { t } = useTranslation("shortcuts");
  return (
    <span className={styles.keys} dir="ltr">
      {writtenKeys(combo, isMac(), (key) => t(`key.${key}`)).map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  );
}
