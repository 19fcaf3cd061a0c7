/** Why bytes are no ClientHello that we would read. */
export const helloProblemTable = {
  'not-tls': 'the connection does not begin with a TLS handshake',
  'not-hello': 'the handshake does not begin with a ClientHello',
  'bad-record': 'a record is empty or longer than TLS allows',
  'too-long': 'the ClientHello is longer than allowed',
  'too-many-records': 'the ClientHello comes in too many records',
  'bad-length': 'a length inside of the ClientHello does not fit',
  'bad-extension': 'an extension comes twice or is not as it must be',
  'bad-server-name': 'the server name is no host name',
  'bad-protocols': 'the list of application protocols is not as it must be',
  'bad-versions': 'the list of TLS versions is not as it must be',
} as const;

export type HelloProblem = keyof typeof helloProblemTable;
