import { useTranslation } from "react-i18next";
import { About } from "./About";
import { Answering } from "./Answering";
import { Appearance } from "./Appearance";
import { KeySection } from "./KeySection";
import styles from "./SettingsPage.module.css";
import { YourData } from "./YourData";

export default function SettingsPage() {
  const { t } = useTranslation("settings");
  return (
    <div className={styles.page}>
      <h1 className={styles.title}>{t("title")}</h1>
      <Appearance />
      <Answering />
      <KeySection />
      <YourData />
      <About />
    </div>
  );
}
