// A text box as high as its text; the style sets the least and the most.
import { useLayoutEffect, useRef } from 'react';

/** The ref to give to the text box. */
export function useAutoGrow(text: string) {
  const box = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    element.style.height = 'auto';
    // An empty box measures its placeholder, which may take several lines where it is narrow.
    element.style.height = text === '' ? '' : `${element.scrollHeight}px`;
  }, [text]);
  return box;
}
