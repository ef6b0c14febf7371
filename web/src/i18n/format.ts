/** Numbers, money, sizes and times as the language of the interface writes them. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

export interface Format {
  readonly number: (value: number) => string;
  /** US dollars; small amounts with as many digits as they need. */
  readonly money: (value: number) => string;
  readonly percent: (share: number) => string;
  readonly bytes: (value: number) => string;
  /** The times are what the API gives: ISO 8601, or a Date. What is no time comes back as it is. */
  readonly date: (time: string | Date) => string;
  readonly dateTime: (time: string | Date) => string;
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

export function formatOf(language: string): Format {
  const number = new Intl.NumberFormat(language);
  const percent = new Intl.NumberFormat(language, { style: "percent" });
  const date = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
  const dateTime = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  return {
    number: (value) => number.format(value),
    money: (value) => moneyFormat(language, value).format(value),
    percent: (share) => percent.format(share),
    bytes: (value) => {
      const step = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3));
      const unit = UNITS[step] ?? "byte";
      const options = {
        style: "unit",
        unit,
        unitDisplay: step ? "short" : "long",
        maximumFractionDigits: 1,
      } as const;
      return new Intl.NumberFormat(language, options).format(value / 1000 ** step);
    },
    date: (time) => written(date, time),
    dateTime: (time) => written(dateTime, time),
  };
}

export function useFormat(): Format {
  const { i18n } = useTranslation();
  return useMemo(() => formatOf(i18n.language), [i18n.language]);
}

function moneyFormat(language: string, value: number): Intl.NumberFormat {
  const small = value !== 0 && Math.abs(value) < 0.1;
  const digits = small ? { maximumSignificantDigits: 2 } : {};
  return new Intl.NumberFormat(language, {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    ...digits,
  });
}

function written(format: Intl.DateTimeFormat, time: string | Date): string {
  const date = typeof time === "string" ? new Date(time) : time;
  return Number.isNaN(date.getTime()) ? String(time) : format.format(date);
}
