"""A client that speaks by the book of python3-h2 and then breaks it. One line a case: its name and what came of it."""
import socket
import sys

import h2.config
import h2.connection
import h2.events
import h2.settings

PORT = int(sys.argv[1])
HEAD = [(':method', 'GET'), (':scheme', 'http'), (':authority', 'a.example'), (':path', '/')]


class Client:
    def __init__(self):
        self.socket = socket.create_connection(('127.0.0.1', PORT))
        self.socket.settimeout(8)
        config = h2.config.H2Configuration(
            client_side=True,
            header_encoding='utf-8',
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self.flush()
        self.events = []
        self.closed = False

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.socket.sendall(data)

    def read(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b''
        if not data:
            self.closed = True
            return
        for event in self.h2.receive_data(data):
            self.events.append(event)
            if isinstance(event, h2.events.DataReceived):
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        try:
            self.flush()
        except OSError:
            pass

    def until(self, kind, stream=None):
        while not self.closed:
            for event in self.events:
                if isinstance(event, kind) and (stream is None or event.stream_id == stream):
                    return event
            self.read()
        return None

    def ask(self, extra=(), end=True):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, HEAD + list(extra), end_stream=end)
        self.flush()
        return stream

    def status(self, stream):
        event = self.until(h2.events.ResponseReceived, stream)
        return event and dict(event.headers)[':status']

    def is_well(self):
        stream = self.ask()
        return self.status(stream) == '200' and self.until(h2.events.StreamEnded, stream) is not None

    def reset_code(self, stream):
        event = self.until(h2.events.StreamReset, stream)
        return event and int(event.error_code)

    def end_code(self):
        event = self.until(h2.events.ConnectionTerminated)
        return event and int(event.error_code)


bystander = Client()
assert bystander.is_well()


def case(name, run):
    print(name, run(), bystander.is_well(), flush=True)


def wrong_length(data):
    client = Client()
    stream = client.ask([('content-length', '10')], end=False)
    client.h2.send_data(stream, data, end_stream=True)
    client.flush()
    return client.reset_code(stream), client.is_well()


def bad_field(extra):
    client = Client()
    stream = client.ask(extra)
    return client.reset_code(stream), client.is_well()


def rapid_reset():
    client = Client()
    try:
        for _ in range(2000):
            stream = client.h2.get_next_available_stream_id()
            client.h2.send_headers(stream, HEAD, end_stream=False)
            client.h2.reset_stream(stream, 8)
            client.flush()
    except OSError:
        pass
    return client.end_code()


def settings_flood():
    client = Client()
    try:
        for i in range(2000):
            client.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 1000 + i})
            client.flush()
    except OSError:
        pass
    return client.end_code()


def ping_flood():
    client = Client()
    try:
        for _ in range(5000):
            client.h2.ping(b'12345678')
            client.flush()
    except OSError:
        pass
    return client.end_code()


def too_many_streams():
    client = Client()
    client.until(h2.events.RemoteSettingsChanged)
    client.h2.remote_settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] = 1 << 20
    client.h2.remote_settings.acknowledge()
    streams = [client.ask(end=False) for _ in range(140)]
    return client.reset_code(streams[-1])


case('short', lambda: wrong_length(b'12345'))
case('long', lambda: wrong_length(b'1234567890abc'))
case('connection', lambda: bad_field([('connection', 'close')]))
case('transfer-encoding', lambda: bad_field([('transfer-encoding', 'chunked')]))
case('capital', lambda: bad_field([('X-Capital', 'yes')]))
case('newline', lambda: bad_field([('x-new', 'a\r\nb: c')]))
case('host', lambda: bad_field([('host', 'b.example')]))
case('rapid-reset', rapid_reset)
case('settings', settings_flood)
case('ping', ping_flood)
case('streams', too_many_streams)
