/**
 * The reason and place of a syntax error in TypeScript, which type stripping does not tell: the runtime's
 * own loader does. Does not know workflows.
 *
 * @module
 */

/** Why a text is no TypeScript. */
export interface SyntaxProblem {
  readonly reason: string;
  /** UTF-16 offset in the text. */
  readonly offset: number;
}

/** Time after which the question is given up. */
const LIMIT_MS = 5_000;

/**
 * Asks the runtime why a text cannot be parsed.
 *
 * The text is imported in a worker without permissions: a text that does parse would run there.
 *
 * @returns `undefined` if the text parses, or the answer cannot be understood.
 */
export async function explainSyntaxError(text: string): Promise<SyntaxProblem | undefined> {
  const boot = URL.createObjectURL(new Blob([BOOT], { type: "application/javascript" }));
  const worker = new Worker(boot, { type: "module", deno: { permissions: "none" } });
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const timer = setTimeout(() => resolve(undefined), LIMIT_MS);
  worker.onmessage = (event: MessageEvent<unknown>) => resolve(event.data);
  worker.onerror = (event) => {
    event.preventDefault();
    resolve(undefined);
  };
  worker.postMessage(text);
  try {
    return readAnswer(await promise, text);
  } finally {
    clearTimeout(timer);
    worker.terminate();
    URL.revokeObjectURL(boot);
  }
}

/** Reads `REASON … at URL:LINE:COLUMN`. */
function readAnswer(answer: unknown, text: string): SyntaxProblem | undefined {
  if (typeof answer !== "string") return undefined;
  const place = /at blob:\S+:(\d+):(\d+)/.exec(answer);
  if (place === null) return undefined;
  let offset = 0;
  for (let line = 1; line < Number(place[1]); line++) offset = text.indexOf("\n", offset) + 1;
  const [reason] = answer.split("\n");
  return { reason, offset: Math.min(offset + Number(place[2]) - 1, text.length) };
}

const BOOT = `
const post = self.postMessage.bind(self);
self.onmessage = async ({ data }) => {
  const url = URL.createObjectURL(new Blob([data], { type: "application/typescript" }));
  try {
    await import(url);
    post(undefined);
  } catch (error) {
    post(error instanceof SyntaxError || error instanceof TypeError ? error.message : undefined);
  }
};
`;
