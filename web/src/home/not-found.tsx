// For an address that leads nowhere.
import { Link } from '../shared/link.tsx';
import { ScreenHeader } from '../shared/screen-header.tsx';
import { useDocumentTitle } from '../shared/use-document-title.ts';

export function NotFound({ onOpenMenu }: { readonly onOpenMenu: () => void }) {
  useDocumentTitle('Not found');
  return (
    <>
      <ScreenHeader title="Not found" onOpenMenu={onOpenMenu} />
      <div className="not-found">
        <p className="not-found-title">There is no conversation here.</p>
        <p>It may have been kept in another store, or the address was cut on its way to you.</p>
        <Link href="/" className="primary-link">
          Start a new chat
        </Link>
      </div>
    </>
  );
}
