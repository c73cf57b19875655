// Full-text search over what was given to the index: one document for each title and each text, of
// which only the words are kept.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { searchWords } from '../../search-words.ts';

export interface Search {
  /** The stream's title, in place of the one before. */
  setTitle(stream: number, title: string): void;
  addText(stream: number, text: string): void;
  remove(stream: number): void;
}

export function createSearch(database: DatabaseSync): Search {
  const insertDocument = database.prepare('INSERT INTO documents (stream, is_title) VALUES (?, ?)');
  const insertWords = database.prepare('INSERT INTO search (rowid, words) VALUES (?, ?)');
  const removeWords = database.prepare('DELETE FROM search WHERE rowid = ?');
  const removeDocument = database.prepare('DELETE FROM documents WHERE id = ?');
  const findTitle = database.prepare('SELECT id FROM documents WHERE stream = ? AND is_title = 1');
  const findAll = database.prepare('SELECT id FROM documents WHERE stream = ?');

  function add(stream: number, text: string, isTitle: 0 | 1): void {
    const words = searchWords(text);
    if (words.length === 0) return;
    const { lastInsertRowid } = insertDocument.run(stream, isTitle);
    insertWords.run(lastInsertRowid, words.join(' '));
  }

  function removeFound(find: StatementSync, stream: number): void {
    for (const row of find.all(stream)) {
      const id = Number(row['id']);
      removeWords.run(id);
      removeDocument.run(id);
    }
  }

  return {
    setTitle(stream, title) {
      removeFound(findTitle, stream);
      add(stream, title, 1);
    },
    addText: (stream, text) => add(stream, text, 0),
    remove: (stream) => removeFound(findAll, stream),
  };
}

/** The words as SQLite's search expects them: all in one document, the last at least as a beginning. */
export function matchExpression(words: readonly string[]): string {
  const quoted = words.map((word) => `"${word.replaceAll('"', '""')}"`);
  return `${quoted.join(' AND ')} *`;
}
