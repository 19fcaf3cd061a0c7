/** A response on its way to the client whose head is edited as its route says. */
import type { ResponseSink } from '../../core/http/index.ts';
import type { Fields, ResponseHead } from '../../core/wire/index.ts';

/** Edits a head; false when there was no room. */
export interface ResponseEditor {
  editResponse(head: ResponseHead): boolean;
}

export class EditedResponse implements ResponseSink {
  private readonly next: ResponseSink;
  private readonly editor: ResponseEditor;

  constructor(next: ResponseSink, editor: ResponseEditor) {
    this.next = next;
    this.editor = editor;
  }

  interim(head: ResponseHead): void {
    this.next.interim(head);
  }

  head(head: ResponseHead, end: boolean): void {
    if (this.editor.editResponse(head)) this.next.head(head, end);
    else this.next.abort();
  }

  data(bytes: Buffer, stays: boolean): boolean {
    return this.next.data(bytes, stays);
  }

  end(trailers: Fields | null): void {
    this.next.end(trailers);
  }

  flush(): void {
    this.next.flush();
  }

  abort(): void {
    this.next.abort();
  }
}
