/** A kept connection with one request at a time, as bytes. */
import { connect, type Socket } from 'node:net';

export class Line {
  private readonly socket: Socket;
  private answered = Promise.withResolvers<string>();
  private text = '';

  /** @param from the address that it comes from. */
  constructor(port: number, from = '127.0.0.1') {
    this.socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true });
    // Whoever waits hears of it; when nobody does, nothing was lost.
    this.answered.promise.catch(() => {});
    this.socket.on('error', (error) => this.answered.reject(error));
    this.socket.on('close', () => this.answered.reject(new Error('a connection was closed')));
    this.socket.on('data', (piece: Buffer) => {
      this.text += piece.toString('latin1');
      const end = this.text.indexOf('\r\n\r\n');
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.text)?.[1]);
      if (end === -1 || this.text.length < end + 4 + length) return;
      this.answered.resolve(this.text);
    });
  }

  /** @returns head and body of the answer. */
  ask(request: string): Promise<string> {
    this.text = '';
    this.answered = Promise.withResolvers<string>();
    this.answered.promise.catch(() => {});
    this.socket.write(request);
    return this.answered.promise;
  }

  close(): void {
    this.socket.destroy();
  }
}
