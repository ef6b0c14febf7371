import { useEffect, useState } from "react";
import { untilTomorrow } from "./days";

/** The time now, as a value that changes with the day: at midnight, or when a page that slept is looked at again. */
export function useToday(): Date {
  const [today, setToday] = useState(() => new Date());
  useEffect(() => {
    const look = (): void => {
      const now = new Date();
      if (now.toDateString() !== today.toDateString()) setToday(now);
    };
    // A second later: timers may come a little early.
    const timer = setTimeout(look, untilTomorrow(new Date()) + 1_000);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [today]);
  return today;
}
