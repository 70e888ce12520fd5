/**
 * Makes a title fit for a URL.
 *
 * @param title Any text.
 * @returns Lower-case ASCII words joined by hyphens.
 */
export function slug(title: string): string {
  return title
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}
