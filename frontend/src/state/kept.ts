// One thing that outlives the page, in the browser's own database: it holds arrays of numbers as
// they are, which an address or the session's storage don't.

const [NAME, STORE] = ["senet", "kept"];

/** What was kept under a name; null where nothing was, or where the browser keeps nothing. */
export async function recall<T>(key: string): Promise<T | null> {
  return (
    (await use<T | undefined>("readonly", (store) => store.get(key)).catch(() => null)) ?? null
  );
}

/** Keep `value`; without a database it is this page's alone. */
export async function keep(key: string, value: unknown): Promise<void> {
  await use("readwrite", (store) => store.put(value, key)).catch(() => {});
}

async function use<T>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest,
): Promise<T> {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = (await done(opening)) as IDBDatabase;
  try {
    return (await done(act(database.transaction(STORE, mode).objectStore(STORE)))) as T;
  } finally {
    database.close();
  }
}

function done(request: IDBRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
