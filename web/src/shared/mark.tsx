// The mark of Verbatim: a quotation that is still being written.
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect className="mark-ground" width="32" height="32" rx="8" />
      <path
        className="mark-quote"
        d="M6.5 9H13v6.8c0 4.2-1.9 6.8-5.4 7.9l-1-2.2c1.9-.8 2.8-2 2.9-3.9h-3zm9 0H22v6.8c0 4.2-1.9 6.8-5.4 7.9l-1-2.2c1.9-.8 2.8-2 2.9-3.9h-3z"
      />
      <rect className="mark-caret" x="24" y="9" width="2.5" height="14.5" rx="1.25" />
    </svg>
  );
}
