// Character references in text, such as &copy; or &#8230;, to the characters that they mean.
const reference = /&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});/gi;

export function decodeReferences(text: string): string {
  return text.includes('&') ? text.replaceAll(reference, decode) : text;
}

function decode(source: string): string {
  // A document of its own, that runs nothing and loads nothing; one reference fits no tag.
  return new DOMParser().parseFromString(source, 'text/html').documentElement.textContent;
}
