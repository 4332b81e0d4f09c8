// The reader's camera as a picture that moves: one frame at a time, the next when the last has been
// answered.
//
//   off ──start──▶ asked ──allowed──▶ on ──stop, hidden, unplugged──▶ off, its last frame stays
//                    └──refused, absent──▶ off, with words

export interface Camera {
  readonly video: HTMLVideoElement;
  /** Until `stop`, or until the camera goes away by itself. */
  stop(): void;
}

/**
 * Ask for the camera.
 * @param facing where there are two: the one that looks away from the reader, or at them
 * @param gone when it has stopped without `stop`: unplugged, or taken back by the reader
 * @param width of its pictures in pixels, as near as it can
 * @throws Error with words for the reader
 */
export async function openCamera(
  facing: "environment" | "user",
  gone: () => void,
  width = 320,
): Promise<Camera> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices?.getUserMedia)
    throw new Error(
      "This page can’t use a camera here: open the book over https, or give it a picture.",
    );
  let stream: MediaStream;
  try {
    stream = await devices.getUserMedia({
      video: { facingMode: { ideal: facing }, width: { ideal: width } },
      audio: false,
    });
  } catch (error) {
    throw new Error(
      WORDS[(error as DOMException).name] ??
        `The camera could not be started (${(error as Error).message}).`,
    );
  }
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  const video = document.createElement("video");
  video.muted = video.playsInline = true;
  video.srcObject = stream;
  stream.getVideoTracks()[0]?.addEventListener("ended", () => {
    stop();
    gone();
  });
  try {
    await video.play();
  } catch (error) {
    stop();
    throw new Error(
      `The camera gave no picture (${(error as Error).message}): stop it elsewhere and try again.`,
    );
  }
  return { video, stop };
}

const REFUSED = "Camera access is blocked. Allow it next to the address bar and try again.";
const WORDS: Record<string, string> = {
  NotAllowedError: REFUSED,
  SecurityError: REFUSED,
  NotFoundError: "There is no camera: connect one and try again, or give the network a picture.",
  OverconstrainedError:
    "There is no camera that gives colour pictures: connect another one and try again.",
  NotReadableError: "The camera is in use by another program: close it there and try again.",
  AbortError: "The camera stopped at once: disconnect it, connect it again, and retry.",
};

/**
 * Call when the camera has a new frame, at most once a frame of the screen.
 * @returns what takes the call back
 */
export function atNextFrame(video: HTMLVideoElement, call: () => void): () => void {
  if ("requestVideoFrameCallback" in video) {
    const id = video.requestVideoFrameCallback(call);
    return () => video.cancelVideoFrameCallback(id);
  }
  const id = requestAnimationFrame(call);
  return () => cancelAnimationFrame(id);
}
