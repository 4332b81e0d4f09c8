// How a file of the reader's comes in besides the button: dropped on the widget, or pasted. What is
// dropped beside it would take the browser away from the page: it goes to the page's first widget.

/**
 * @param el of the reader's own picture: with nothing focused, a paste goes to the page's first
 * @param take files, of which there is at least one
 * @param refuse with words for the reader
 * @returns what ends it
 */
export function waysIn(
  root: HTMLElement,
  el: HTMLElement,
  take: (files: FileList) => void,
  refuse: (words: string) => void,
): () => void {
  const over = (event: DragEvent) => {
    const types = event.dataTransfer?.types ?? [];
    if (types.includes("Files") || types.includes("text/uri-list")) event.preventDefault();
  };
  const drop = (event: DragEvent) => {
    const { files, items, types } = event.dataTransfer!;
    if (files.length === 0 && !types.includes("text/uri-list")) return;
    event.preventDefault();
    const entries = [...items].map((item) => item.webkitGetAsEntry?.());
    const folder = entries.find((entry) => entry?.isDirectory);
    if (folder) refuse(`${folder.name} is a folder: drop one picture out of it.`);
    else if (files.length > 0) take(files);
    else
      refuse(
        "That is a link. This page downloads no pictures: save the picture, then drop the file.",
      );
  };
  const paste = (event: ClipboardEvent) => {
    const files = event.clipboardData?.files;
    const ours = event.target === document.body && first();
    if (!files?.length || !(ours || root.contains(event.target as Node))) return;
    event.preventDefault();
    take(files);
  };
  const first = () => document.querySelector(".senet-own") === el;
  const overPage = (event: DragEvent) => {
    if (!event.defaultPrevented && first()) over(event);
  };
  const dropOnPage = (event: DragEvent) => {
    if (event.defaultPrevented || !first() || !event.dataTransfer?.types.includes("Files")) return;
    drop(event);
    el.scrollIntoView({ block: "center" });
  };
  root.addEventListener("dragover", over);
  root.addEventListener("drop", drop);
  document.addEventListener("dragover", overPage);
  document.addEventListener("drop", dropOnPage);
  document.addEventListener("paste", paste);
  return () => {
    root.removeEventListener("dragover", over);
    root.removeEventListener("drop", drop);
    document.removeEventListener("dragover", overPage);
    document.removeEventListener("drop", dropOnPage);
    document.removeEventListener("paste", paste);
  };
}
