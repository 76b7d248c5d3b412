/** Sending one large file with progress, which fetch cannot tell. */
import { problem } from '$/api/problem';

/**
 * POST `file` as the body; `told` hears the share that was sent (0..1).
 * Throws a Problem where the server refuses or does not answer.
 */
export function send<T>(
  address: string,
  file: Blob,
  headers: Record<string, string>,
  told: (share: number) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', address);
    request.responseType = 'json';
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.setRequestHeader('Content-Type', 'application/zip');
    request.upload.onprogress = (event) => event.lengthComputable && told(event.loaded / event.total);
    request.onerror = () => reject(problem(null));
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(request.response as T);
      else reject(problem(request.response, request.status));
    };
    request.send(file);
  });
}

/** A key that makes a request safe to repeat; also where the page was not reached over HTTPS. */
export function requestKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
