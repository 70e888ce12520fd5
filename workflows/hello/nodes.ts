export function greet({ who }: { who: string }): string {
  return `Hello, ${who}!`;
}

export function count({ greeting }: { greeting: string }): number {
  return [...greeting].length;
}
