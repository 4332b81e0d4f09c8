// What draws and reads QR codes: a script of its own (src/codes.ts), which a page fetches when one
// is asked for.

export interface Codes {
  draw(text: string): SVGSVGElement;
  /** The text of a code in a picture; null where there is none to be read. */
  read(image: ImageData): string | null;
}
