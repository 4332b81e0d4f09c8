// Maps as pictures: painted by their sign, and a place in them to point at.

/**
 * Violet above zero, orange below, grey at zero: the same on light and on dark pages. NaN leaves a
 * pixel empty.
 */
export function paint(canvas: HTMLCanvasElement, values: Float32Array, far: number): void {
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(canvas.width, canvas.height);
  values.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    // small values would be lost beside the largest
    const share = far > 0 ? Math.min(1, Math.abs(value) / far) ** 0.6 : 0;
    const end = value < 0 ? [179, 88, 6] : [84, 39, 136];
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = 247 + share * (end[k]! - 247);
    image.data[4 * i + 3] = 255;
  });
  context.putImageData(image, 0, 0);
}

/** Bytes (C, H, W), 0 to 255, in their colours; one channel is shown as grey. */
export function paintBytes(
  canvas: HTMLCanvasElement,
  bytes: Uint8Array | Uint8ClampedArray,
  channels = 3,
): void {
  const pixels = canvas.width * canvas.height;
  const image = canvas.getContext("2d")!.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < pixels; i++) {
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = bytes[channels === 1 ? i : k * pixels + i]!;
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}

/**
 * Call `at` with the place under a pointer that is pressed, as shares of the element from its upper
 * left corner, also while it is dragged.
 */
export function pressed(
  element: HTMLElement,
  at: (x: number, y: number, first: boolean) => void,
): void {
  let held = -1;
  const tell = (event: PointerEvent, first: boolean) => {
    const box = element.getBoundingClientRect();
    at((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height, first);
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    held = event.pointerId;
    element.setPointerCapture(held);
    tell(event, true);
  });
  element.addEventListener(
    "pointermove",
    (event) => event.pointerId === held && tell(event, false),
  );
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
    element.addEventListener(end, (event) => event.pointerId === held && (held = -1));
  }
}

const WAYS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/**
 * Arrow keys as steps in rows and columns, eight times as far with Shift. Elsewhere on the page
 * arrows turn to the next chapter.
 */
export function arrows(element: HTMLElement, by: (rows: number, columns: number) => void): void {
  element.addEventListener("keydown", (event) => {
    const way = WAYS[event.key];
    if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    by(way[0] * (event.shiftKey ? 8 : 1), way[1] * (event.shiftKey ? 8 : 1));
  });
}
