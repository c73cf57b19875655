// The page's few pictures, drawn here so that nothing is fetched for them.
const paths = {
  menu: 'M4 7h16M4 12h16M4 17h10',
  close: 'M6 6l12 12M18 6L6 18',
  plus: 'M12 5v14M5 12h14',
  send: 'M12 19V6M6 11.5l6-6 6 6',
  copy: 'M9 9h10v10H9zM15 9V5H5v10h4',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  down: 'M12 5v13M6 12.5l6 6 6-6',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4',
  previous: 'M14.5 6l-6 6 6 6',
  next: 'M9.5 6l6 6-6 6',
  edit: 'M5 19l.8-3.6L16 5.2l2.8 2.8L8.6 18.2zM14 7.2l2.8 2.8',
  again: 'M6 12a6 6 0 1 0 1.9-4.4L5.5 10M5.5 5.5V10H10',
  delete: 'M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10.5 11v5M13.5 11v5',
  file: 'M7 4h7l4 4v12H7zM14 4v4h4',
  external: 'M9 6h9v9M18 6L7 17',
} as const;

export type IconName = keyof typeof paths | 'stop';

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {name === 'stop' ? (
        <rect x="6.5" y="6.5" width="11" height="11" rx="2" fill="currentColor" />
      ) : (
        <path d={paths[name]} />
      )}
    </svg>
  );
}
