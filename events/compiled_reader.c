/* Reads touchpoints from their bytes, whole dossiers from what PostgreSQL copies out, and envelopes
   from the headers of Kafka's records.

   A touchpoint's reader goes through the plan of its schema (events/reading_plan.py), which says
   what the bytes hold and what the type asks of each value. It either gives what the reader in
   Python gives for the same bytes, or hands them to that reader, which reads or refuses them: so
   every refusal, and its words, are Python's.

   No byte is read before `need` or a comparison with `end` has found it there. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <datetime.h>
#include <stdint.h>
#include <string.h>

#define MOST_FIELDS 64    /* of one record; a plan with more is refused */
#define LONGEST_KEPT 40   /* bytes of a text that is kept for its next occurrence */
#define TEXTS_KEPT 8192   /* by hash, the later in the earlier one's place */
#define DAYS_KEPT 4096
#define MATCHED_KEPT 64   /* texts that were found to match, by pattern */
#define SCHEMAS 1024      /* places in the table of schemas, at most half of them taken */
#define HEADER 10         /* bytes of the single-object encoding's header */

static const int64_t FIRST_DAY = -719162, LAST_DAY = 2932896; /* of year 1 and 9999, from 1970 */
static const int64_t DAY_US = 86400000000LL;
static const int64_t FROM_2000_US = 946684800000000LL; /* PostgreSQL counts from 2000 */

/* --- a plan --- */

enum Kind { WHOLE, TEXT, WORD, OCTETS, FLAG, DOUBLE, DAY, INSTANT, MAYBE, SEVERAL, RECORD };

typedef struct Node {
    enum Kind kind;
    int64_t least, most;   /* WHOLE: its value; TEXT: its characters */
    PyObject *matches;     /* TEXT: a callable, or NULL */
    PyObject **matched;    /* TEXT with `matches`: MATCHED_KEPT texts that it let pass */
    PyObject *made;        /* RECORD: the type */
    PyObject *names;       /* RECORD: of its fields; WORD: the words */
    Py_ssize_t count;      /* of parts */
    struct Node *parts;    /* MAYBE, SEVERAL: one; RECORD: its fields in the bytes' order */
} Node;

typedef struct {
    PyObject *text; /* ASCII, at most LONGEST_KEPT, or NULL */
    uint32_t hash;
} KeptText;

typedef struct {
    PyObject *day; /* or NULL */
    int64_t number;
} KeptDay;

typedef struct {
    uint8_t header[HEADER];
    Node *plan; /* or NULL: the place is free */
} Schema;

typedef struct {
    PyObject_HEAD
    PyObject *otherwise; /* reads or refuses what is not read here */
    PyObject *refusal;   /* the exception by which it refuses */
    Schema *schemas;
    KeptText *texts;
    KeptDay *days;
} Reader;

typedef struct {
    const uint8_t *at, *end;
} Bytes;

static void forget_node(Node *node) {
    Py_CLEAR(node->matches);
    Py_CLEAR(node->made);
    Py_CLEAR(node->names);
    if (node->matched != NULL)
        for (int i = 0; i < MATCHED_KEPT; i++)
            Py_CLEAR(node->matched[i]);
    PyMem_Free(node->matched);
    for (Py_ssize_t i = 0; node->parts != NULL && i < node->count; i++)
        forget_node(&node->parts[i]);
    PyMem_Free(node->parts);
    memset(node, 0, sizeof *node);
}

static int plan_node(Node *node, PyObject *plan);

static int plan_parts(Node *node, Py_ssize_t count) {
    node->parts = PyMem_Calloc(count ? count : 1, sizeof(Node));
    if (node->parts == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    node->count = count;
    return 0;
}

static int plan_record(Node *node, PyObject *plan) {
    PyObject *made, *fields;
    if (!PyArg_ParseTuple(plan, "OO!", &made, &PyTuple_Type, &fields))
        return -1;
    Py_ssize_t count = PyTuple_GET_SIZE(fields);
    /* A record of no bytes could be repeated without end. */
    if (count < 1 || count > MOST_FIELDS) {
        PyErr_SetString(PyExc_ValueError, "a record has too few or too many fields");
        return -1;
    }
    node->made = Py_NewRef(made);
    node->names = PyTuple_New(count);
    if (node->names == NULL || plan_parts(node, count) < 0)
        return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name, *part;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(fields, i), "UO", &name, &part))
            return -1;
        Py_INCREF(name);
        PyUnicode_InternInPlace(&name); /* a struct looks for its names by identity first */
        PyTuple_SET_ITEM(node->names, i, name);
        if (plan_node(&node->parts[i], part) < 0)
            return -1;
    }
    return 0;
}

static int plan_text(Node *node, PyObject *plan) {
    PyObject *matches;
    long long least, most;
    if (!PyArg_ParseTuple(plan, "LLO", &least, &most, &matches))
        return -1;
    node->least = least;
    node->most = most;
    if (matches == Py_None)
        return 0;
    node->matches = Py_NewRef(matches);
    node->matched = PyMem_Calloc(MATCHED_KEPT, sizeof(PyObject *));
    if (node->matched == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

static int plan_words(Node *node, PyObject *plan) {
    PyObject *words;
    if (!PyArg_ParseTuple(plan, "O!", &PyTuple_Type, &words))
        return -1;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(words); i++)
        if (PyUnicode_AsUTF8(PyTuple_GET_ITEM(words, i)) == NULL)
            return -1;
    node->names = Py_NewRef(words);
    return 0;
}

/* Fill a node, which is empty, from its part of a plan: a named tuple, known by its type's name. */
static int plan_node(Node *node, PyObject *plan) {
    static const char *const KINDS[] = {"Whole", "Text",  "Word",    "Octets", "Flag",  "Double",
                                        "Day",   "Instant", "Maybe", "Several", "Record"};
    const char *name = strrchr(Py_TYPE(plan)->tp_name, '.');
    name = name == NULL ? Py_TYPE(plan)->tp_name : name + 1;
    int kind = 0;
    while (kind <= RECORD && strcmp(KINDS[kind], name) != 0)
        kind++;
    if (kind > RECORD || !PyTuple_Check(plan)) {
        PyErr_Format(PyExc_TypeError, "no part of a plan: %R", plan);
        return -1;
    }
    node->kind = (enum Kind)kind;
    PyObject *part;
    long long least, most;
    switch (node->kind) {
    case WHOLE:
        if (!PyArg_ParseTuple(plan, "LL", &least, &most))
            return -1;
        node->least = least;
        node->most = most;
        return 0;
    case TEXT:
        return plan_text(node, plan);
    case WORD:
        return plan_words(node, plan);
    case MAYBE:
    case SEVERAL:
        if (!PyArg_ParseTuple(plan, "O", &part) || plan_parts(node, 1) < 0)
            return -1;
        return plan_node(&node->parts[0], part);
    case RECORD:
        return plan_record(node, plan);
    default:
        return 0;
    }
}

/* --- values --- */

static int wrong(const char *why) {
    PyErr_SetString(PyExc_ValueError, why);
    return -1;
}

static int need(const Bytes *bytes, int64_t count) {
    if (count < 0)
        return wrong("a length below 0");
    return count <= bytes->end - bytes->at ? 0 : wrong("cut short");
}

/* Read a zigzag number of at most 64 bits. */
static int take_long(Bytes *bytes, int64_t *value) {
    uint64_t raw = 0;
    for (int shift = 0;; shift += 7) {
        if (bytes->at >= bytes->end)
            return wrong("cut short");
        uint8_t byte = *bytes->at++;
        if (shift == 63 && byte > 1)
            return wrong("a number of more than 64 bits");
        raw |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            break;
    }
    *value = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
    return 0;
}

static int take_byte(Bytes *bytes, uint8_t *value) {
    if (need(bytes, 1) < 0)
        return -1;
    *value = *bytes->at++;
    return 0;
}

/* Return a text, the same object as at its last occurrence where that is still kept. */
static PyObject *text_of(Reader *self, const uint8_t *start, Py_ssize_t size) {
    const char *chars = (const char *)start;
    if (memchr(chars, 0, size) != NULL) {
        wrong("a NUL in a text");
        return NULL;
    }
    if (size > LONGEST_KEPT)
        return PyUnicode_DecodeUTF8(chars, size, NULL);
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (Py_ssize_t i = 0; i < size; i++)
        hash = (hash ^ start[i]) * 16777619u;
    KeptText *kept = &self->texts[(hash ^ hash >> 15) % TEXTS_KEPT];
    PyObject *text = kept->text;
    if (text != NULL && kept->hash == hash && PyUnicode_GET_LENGTH(text) == size &&
        memcmp(PyUnicode_1BYTE_DATA(text), chars, size) == 0)
        return Py_NewRef(text);
    text = PyUnicode_DecodeUTF8(chars, size, NULL);
    if (text != NULL && PyUnicode_IS_ASCII(text)) {
        kept->hash = hash;
        Py_XSETREF(kept->text, Py_NewRef(text));
    }
    return text;
}

static int let_pass(Node *node, PyObject *text) {
    Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    if (length < node->least || length > node->most)
        return wrong("outside its bounds");
    if (node->matches == NULL)
        return 0;
    PyObject **matched = &node->matched[((uintptr_t)text >> 4) % MATCHED_KEPT];
    if (*matched == text)
        return 0;
    PyObject *found = PyObject_CallOneArg(node->matches, text);
    int matches = found == NULL ? -1 : PyObject_IsTrue(found);
    Py_XDECREF(found);
    if (matches < 0)
        return -1;
    if (!matches)
        return wrong("outside its bounds");
    Py_XSETREF(*matched, Py_NewRef(text));
    return 0;
}

static PyObject *read_text(Reader *self, Node *node, Bytes *bytes) {
    int64_t size;
    if (take_long(bytes, &size) < 0 || need(bytes, size) < 0)
        return NULL;
    const uint8_t *start = bytes->at;
    bytes->at += size;
    if (node->kind == OCTETS)
        return PyBytes_FromStringAndSize((const char *)start, (Py_ssize_t)size);
    if (node->kind == TEXT) {
        PyObject *text = text_of(self, start, (Py_ssize_t)size);
        if (text != NULL && let_pass(node, text) < 0)
            Py_CLEAR(text);
        return text;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(node->names); i++) {
        Py_ssize_t length;
        const char *word = PyUnicode_AsUTF8AndSize(PyTuple_GET_ITEM(node->names, i), &length);
        if (word == NULL)
            return NULL;
        if (length == size && memcmp(word, start, length) == 0)
            return Py_NewRef(PyTuple_GET_ITEM(node->names, i));
    }
    wrong("outside its bounds");
    return NULL;
}

/* Find the date of a day counted from 1970. Source: Howard Hinnant, "chrono-Compatible Low-Level
   Date Algorithms", civil_from_days. */
static int civil(int64_t number, int *year, int *month, int *day) {
    if (number < FIRST_DAY || number > LAST_DAY)
        return wrong("no such day");
    int64_t shifted = number + 719468; /* days since 0000-03-01, at least 306 */
    int64_t era = shifted / 146097, of_era = shifted % 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t from_march = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = (int)(years + era * 400 + (*month <= 2));
    return 0;
}

static PyObject *day_of(Reader *self, int64_t number) {
    int year, month, day;
    if (civil(number, &year, &month, &day) < 0)
        return NULL;
    KeptDay *kept = &self->days[(uint64_t)number % DAYS_KEPT];
    if (kept->day == NULL || kept->number != number) {
        PyObject *made = PyDate_FromDate(year, month, day);
        if (made == NULL)
            return NULL;
        kept->number = number;
        Py_XSETREF(kept->day, made);
    }
    return Py_NewRef(kept->day);
}

static PyObject *instant_of(int64_t micros) {
    int64_t number = micros / DAY_US, rest = micros % DAY_US;
    if (rest < 0) {
        number -= 1;
        rest += DAY_US;
    }
    int year, month, day;
    if (civil(number, &year, &month, &day) < 0)
        return NULL;
    int seconds = (int)(rest / 1000000);
    return PyDateTimeAPI->DateTime_FromDateAndTime(
        year, month, day, seconds / 3600, seconds / 60 % 60, seconds % 60, (int)(rest % 1000000),
        PyDateTime_TimeZone_UTC, PyDateTimeAPI->DateTimeType);
}

static PyObject *read_value(Reader *self, Node *node, Bytes *bytes);

static PyObject *read_several(Reader *self, Node *node, Bytes *bytes) {
    PyObject *values = NULL;
    for (;;) {
        int64_t left, size;
        if (take_long(bytes, &left) < 0)
            break;
        if (left == 0) {
            PyObject *several = values == NULL ? PyTuple_New(0) : PyList_AsTuple(values);
            Py_XDECREF(values);
            return several;
        }
        if (left < 0) { /* then the block's size follows, of use to who skips it */
            if (left == INT64_MIN) {
                wrong("cut short");
                break;
            }
            left = -left;
            if (take_long(bytes, &size) < 0)
                break;
        }
        if (need(bytes, left) < 0) /* each takes a byte at least */
            break;
        if (values == NULL && (values = PyList_New(0)) == NULL)
            break;
        while (left-- > 0) {
            PyObject *value = read_value(self, &node->parts[0], bytes);
            if (value == NULL || PyList_Append(values, value) < 0) {
                Py_XDECREF(value);
                Py_DECREF(values);
                return NULL;
            }
            Py_DECREF(value);
        }
    }
    Py_XDECREF(values);
    return NULL;
}

static PyObject *read_record(Reader *self, Node *node, Bytes *bytes) {
    PyObject *values[MOST_FIELDS + 1]; /* the first is the callee's to use */
    PyObject *made = NULL;
    Py_ssize_t read = 0;
    while (read < node->count) {
        PyObject *value = read_value(self, &node->parts[read], bytes);
        if (value == NULL)
            break;
        values[++read] = value;
    }
    if (read == node->count)
        made = PyObject_Vectorcall(node->made, values + 1, PY_VECTORCALL_ARGUMENTS_OFFSET,
                                   node->names);
    while (read > 0)
        Py_DECREF(values[read--]);
    return made;
}

static PyObject *read_value(Reader *self, Node *node, Bytes *bytes) {
    int64_t number;
    uint8_t byte;
    switch (node->kind) {
    case WHOLE:
        if (take_long(bytes, &number) < 0)
            return NULL;
        if (number < node->least || number > node->most) {
            wrong("outside its bounds");
            return NULL;
        }
        return PyLong_FromLongLong(number);
    case TEXT:
    case WORD:
    case OCTETS:
        return read_text(self, node, bytes);
    case FLAG:
        if (take_byte(bytes, &byte) < 0)
            return NULL;
        if (byte > 1) {
            wrong("no boolean");
            return NULL;
        }
        return PyBool_FromLong(byte);
    case DOUBLE:
        if (need(bytes, 8) < 0)
            return NULL;
        bytes->at += 8;
        double value = PyFloat_Unpack8((const char *)bytes->at - 8, 1);
        return value == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(value);
    case DAY:
        return take_long(bytes, &number) < 0 ? NULL : day_of(self, number);
    case INSTANT:
        return take_long(bytes, &number) < 0 ? NULL : instant_of(number);
    case MAYBE:
        if (take_byte(bytes, &byte) < 0)
            return NULL;
        if (byte == 2)
            return read_value(self, &node->parts[0], bytes);
        if (byte == 0)
            return Py_NewRef(Py_None);
        wrong("no such branch of a union");
        return NULL;
    case SEVERAL:
        return read_several(self, node, bytes);
    case RECORD:
        return read_record(self, node, bytes);
    }
    Py_UNREACHABLE();
}

/* --- a touchpoint --- */

/* Return the place of a schema in the table, or the free one where it would be. */
static Schema *place_of(Reader *self, const uint8_t *header) {
    uint32_t hash; /* of bytes that are a checksum themselves */
    memcpy(&hash, header + 2, sizeof hash);
    for (uint32_t place = hash % SCHEMAS;; place = (place + 1) % SCHEMAS) {
        Schema *schema = &self->schemas[place];
        if (schema->plan == NULL || memcmp(schema->header, header, HEADER) == 0)
            return schema;
    }
}

/* Return the touchpoint that the bytes hold. Raises: ValueError. */
static PyObject *read_here(Reader *self, const uint8_t *start, Py_ssize_t size) {
    Schema *schema = size < HEADER ? NULL : place_of(self, start);
    if (schema == NULL || schema->plan == NULL) {
        wrong("of no schema that is read here");
        return NULL;
    }
    Bytes bytes = {start + HEADER, start + size};
    PyObject *made = read_record(self, schema->plan, &bytes);
    if (made != NULL && bytes.at != bytes.end) {
        Py_CLEAR(made);
        wrong("bytes follow its end");
    }
    return made;
}

static PyObject *read_or_ask(Reader *self, const uint8_t *start, Py_ssize_t size) {
    PyObject *made = read_here(self, start, size);
    if (made != NULL || !PyErr_ExceptionMatches(PyExc_ValueError))
        return made;
    PyErr_Clear();
    PyObject *payload = PyBytes_FromStringAndSize((const char *)start, size);
    if (payload == NULL)
        return NULL;
    made = PyObject_CallOneArg(self->otherwise, payload);
    Py_DECREF(payload);
    return made;
}

static PyObject *Reader_read(Reader *self, PyObject *payload) {
    Py_buffer view;
    if (PyObject_GetBuffer(payload, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    PyObject *made = read_or_ask(self, view.buf, view.len);
    PyBuffer_Release(&view);
    return made;
}

/* --- rows --- */

/* Source: PostgreSQL documentation, COPY, "Binary Format"; all numbers big-endian. */

#define COLUMNS 8

static int64_t number_at(const uint8_t *at, int size) {
    uint64_t raw = at[0] & 128 ? ~(uint64_t)0 : 0;
    for (int i = 0; i < size; i++)
        raw = raw << 8 | at[i];
    return (int64_t)raw;
}

/* Find a row's columns. Returns 0 if its bytes are not all there yet, -1 with ValueError. */
static int take_row(Bytes *bytes, Bytes columns[COLUMNS]) {
    /* customer_id, event_id, source, branch_id, epoch, sequence, effective_at, data */
    static const int SIZES[COLUMNS] = {-1, 16, -1, -1, 8, 8, 8, -1};
    const uint8_t *at = bytes->at + 2;
    for (int i = 0; i < COLUMNS; i++) {
        if (bytes->end - at < 4)
            return 0;
        int64_t size = number_at(at, 4);
        at += 4;
        if (size < 0 || (SIZES[i] >= 0 && size != SIZES[i]))
            return wrong("a column is not of its type");
        if (bytes->end - at < size)
            return 0;
        columns[i].at = at;
        columns[i].end = at += size;
    }
    bytes->at = at;
    return 1;
}

static PyObject *uuid_of(const uint8_t *at) {
    PyObject *text = PyUnicode_New(36, 127);
    if (text == NULL)
        return NULL;
    Py_UCS1 *out = PyUnicode_1BYTE_DATA(text);
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = "0123456789abcdef"[at[i] >> 4];
        *out++ = "0123456789abcdef"[at[i] & 15];
    }
    return text;
}

static PyObject *pg_instant_of(int64_t micros) {
    if (micros <= INT64_MAX - FROM_2000_US)
        return instant_of(micros + FROM_2000_US);
    wrong("no such day");
    return NULL;
}

static PyObject *text_in(Reader *self, const Bytes *column) {
    return text_of(self, column->at, column->end - column->at);
}

/* Take the exception raised and return its words. */
static PyObject *words_of_refusal(void) {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyObject *words = value == NULL ? NULL : PyObject_Str(value);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return words;
}

typedef struct {
    PyObject *dossiers; /* a list, the last one goes on */
    PyObject *fact, *dossier, *unreadable; /* the types */
    PyObject *facts, *refused; /* the lists of the last dossier, borrowed of it, or NULL */
} Into;

/* Go on with the last dossier if it is the customer's, or begin one. */
static int go_to(Reader *self, Into *into, const Bytes *name) {
    Py_ssize_t size, length = name->end - name->at, count = PyList_GET_SIZE(into->dossiers);
    PyObject *last = count ? PyList_GET_ITEM(into->dossiers, count - 1) : NULL;
    if (last != NULL && (!PyTuple_Check(last) || PyTuple_GET_SIZE(last) != 3 ||
                         !PyUnicode_Check(PyTuple_GET_ITEM(last, 0)) ||
                         !PyList_Check(PyTuple_GET_ITEM(last, 1)) ||
                         !PyList_Check(PyTuple_GET_ITEM(last, 2)))) {
        PyErr_SetString(PyExc_TypeError, "a dossier is a name and two lists");
        return -1;
    }
    const char *open = NULL;
    if (last != NULL && (open = PyUnicode_AsUTF8AndSize(PyTuple_GET_ITEM(last, 0), &size)) == NULL)
        return -1;
    if (open == NULL || size != length || memcmp(open, name->at, length) != 0) {
        PyObject *customer = text_in(self, name), *facts = PyList_New(0), *refused = PyList_New(0);
        PyObject *made = NULL;
        if (customer != NULL && facts != NULL && refused != NULL)
            made = PyObject_CallFunctionObjArgs(into->dossier, customer, facts, refused, NULL);
        int done = made == NULL ? -1 : PyList_Append(into->dossiers, made);
        Py_XDECREF(made);
        Py_XDECREF(customer);
        Py_XDECREF(facts);
        Py_XDECREF(refused);
        return done < 0 ? -1 : go_to(self, into, name);
    }
    into->facts = PyTuple_GET_ITEM(last, 1);
    into->refused = PyTuple_GET_ITEM(last, 2);
    return 0;
}

/* Append what a row holds to the last dossier; what cannot be read goes beside, with why. */
static int take_fact(Reader *self, Into *into, const Bytes columns[COLUMNS]) {
    PyObject *values[COLUMNS] = {NULL}; /* the first is the callee's to use */
    PyObject *made = NULL, *list = into->facts;
    if ((values[1] = uuid_of(columns[1].at)) != NULL &&
        (values[2] = pg_instant_of(number_at(columns[6].at, 8))) != NULL &&
        (values[3] = text_in(self, &columns[3])) != NULL &&
        (values[4] = text_in(self, &columns[2])) != NULL &&
        (values[5] = PyLong_FromLongLong(number_at(columns[4].at, 8))) != NULL &&
        (values[6] = PyLong_FromLongLong(number_at(columns[5].at, 8))) != NULL) {
        values[7] = read_or_ask(self, columns[7].at, columns[7].end - columns[7].at);
        if (values[7] != NULL) {
            made = PyObject_Vectorcall(into->fact, values + 1, 7 | PY_VECTORCALL_ARGUMENTS_OFFSET,
                                       NULL);
        } else if (PyErr_ExceptionMatches(self->refusal)) {
            list = into->refused;
            PyObject *why = words_of_refusal();
            if (why != NULL)
                made = PyObject_CallFunctionObjArgs(into->unreadable, values[1], why, NULL);
            Py_XDECREF(why);
        }
    }
    int done = made == NULL ? -1 : PyList_Append(list, made);
    Py_XDECREF(made);
    for (int i = 1; i < COLUMNS; i++)
        Py_XDECREF(values[i]);
    return done;
}

/* Take in the rows that are there in full from `at` on. Returns 1 after the last of a copy, 0 if
   more are to come, -1 with an exception. */
static int take_rows(Reader *self, Into *into, Bytes *bytes) {
    Bytes columns[COLUMNS], last = {NULL, NULL};
    while (bytes->end - bytes->at >= 2) {
        int64_t count = number_at(bytes->at, 2);
        if (count == -1) {
            bytes->at += 2;
            return 1;
        }
        if (count != COLUMNS)
            return wrong("a row of a copy does not have its columns");
        int there = take_row(bytes, columns);
        if (there != 1)
            return there;
        Py_ssize_t size = columns[0].end - columns[0].at;
        if (last.at == NULL || last.end - last.at != size ||
            memcmp(last.at, columns[0].at, size) != 0) {
            if (go_to(self, into, &columns[0]) < 0)
                return -1;
            last = columns[0];
        }
        if (take_fact(self, into, columns) < 0)
            return -1;
    }
    return 0;
}

static PyObject *Reader_rows(Reader *self, PyObject *args) {
    Py_buffer view;
    Py_ssize_t start;
    Into into = {NULL};
    if (!PyArg_ParseTuple(args, "y*nO!OOO", &view, &start, &PyList_Type, &into.dossiers,
                          &into.fact, &into.dossier, &into.unreadable))
        return NULL;
    PyObject *result = NULL;
    if (start < 0 || start > view.len) {
        wrong("the rows begin outside the bytes");
    } else {
        Bytes bytes = {(const uint8_t *)view.buf + start, (const uint8_t *)view.buf + view.len};
        int ended = take_rows(self, &into, &bytes);
        if (ended >= 0)
            result = Py_BuildValue("(nO)", (Py_ssize_t)(bytes.at - (const uint8_t *)view.buf),
                                   ended ? Py_True : Py_False);
    }
    PyBuffer_Release(&view);
    return result;
}

/* --- headers --- */

/* What the headers of a record say of its event, in the order in which they are written. */
enum Attribute {
    SPECVERSION, ID, SOURCE, TYPE, TIME, SUBJECT, DATASCHEMA, BRANCH, SEQUENCE, EPOCH, SENT,
    COLLECTED, EFFECTIVE, CORRELATION, CAUSATION, TRACEPARENT, TRACESTATE, RECORDED, ATTRIBUTES
};

#define ENVELOPE 15 /* fields */
static const char *const ENVELOPE_FIELDS[ENVELOPE] = {
    "id", "source", "type", "subject", "branch_id", "epoch", "sequence", "created_at", "sent_at",
    "collected_at", "effective_at", "correlation_id", "causation_id", "traceparent", "tracestate"};

static PyObject *envelope_fields; /* the same, as a tuple */

static int is_named(PyObject *text, PyObject *name) {
    Py_ssize_t size = PyUnicode_GET_LENGTH(text);
    return size == PyUnicode_GET_LENGTH(name) && PyUnicode_IS_ASCII(text) &&
           memcmp(PyUnicode_1BYTE_DATA(text), PyUnicode_1BYTE_DATA(name), size) == 0;
}

/* Find what each header tells; the values stay borrowed. Returns -1 with ValueError where one is
   not as a gateway writes it, or an attribute is told twice. */
static int take_headers(PyObject *headers, PyObject *names, PyObject *values[ATTRIBUTES]) {
    int next = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(headers); i++) {
        PyObject *header = PyTuple_GET_ITEM(headers, i);
        if (!PyTuple_CheckExact(header) || PyTuple_GET_SIZE(header) != 2 ||
            !PyUnicode_CheckExact(PyTuple_GET_ITEM(header, 0)))
            return wrong("no header");
        PyObject *name = PyTuple_GET_ITEM(header, 0), *value = PyTuple_GET_ITEM(header, 1);
        if (!PyUnicode_IS_ASCII(name))
            return wrong("no header of a gateway's");
        if (strncmp((const char *)PyUnicode_1BYTE_DATA(name), "ce_", 3) != 0)
            continue; /* it is of others */
        int tried = 0;
        while (tried < ATTRIBUTES && !is_named(name, PyTuple_GET_ITEM(names, next))) {
            next = (next + 1) % ATTRIBUTES;
            tried++;
        }
        if (tried == ATTRIBUTES || values[next] != NULL || !PyBytes_CheckExact(value) ||
            memchr(PyBytes_AS_STRING(value), 0, PyBytes_GET_SIZE(value)) != NULL)
            return wrong("no header of a gateway's");
        values[next] = value;
        next = (next + 1) % ATTRIBUTES;
    }
    return 0;
}

static PyObject *header_text(Reader *self, PyObject *value) {
    if (value == NULL)
        return Py_NewRef(Py_None);
    return text_of(self, (const uint8_t *)PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value));
}

/* Return a text that many headers tell alike. */
static PyObject *header_word(Reader *self, PyObject *value) {
    if (value == NULL) {
        wrong("a header is missing");
        return NULL;
    }
    PyObject *text = header_text(self, value);
    if (text != NULL)
        PyUnicode_InternInPlace(&text);
    return text;
}

static PyObject *header_uuid(PyObject *value) {
    if (value == NULL || PyBytes_GET_SIZE(value) != 36) {
        wrong("no UUID");
        return NULL;
    }
    const char *chars = PyBytes_AS_STRING(value);
    for (int i = 0; i < 36; i++) {
        int is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? chars[i] != '-' : !Py_ISXDIGIT(chars[i])) {
            wrong("no UUID");
            return NULL;
        }
    }
    return PyUnicode_DecodeASCII(chars, 36, NULL);
}

/* Read `size` digits. Returns -1 where there is anything else; no more than 18 fit. */
static int64_t digits(const char *chars, Py_ssize_t size) {
    int64_t number = 0;
    for (Py_ssize_t i = 0; i < size; i++) {
        if (!Py_ISDIGIT(chars[i]))
            return -1;
        number = 10 * number + (chars[i] - '0');
    }
    return number;
}

static PyObject *header_count(PyObject *value) {
    Py_ssize_t size = value == NULL ? 0 : PyBytes_GET_SIZE(value);
    int64_t count = size < 1 || size > 18 ? -1 : digits(PyBytes_AS_STRING(value), size);
    if (count < 0) {
        wrong("no number");
        return NULL;
    }
    return PyLong_FromLongLong(count);
}

/* Read 2026-11-29T09:30:00.123456Z, as a gateway writes an instant. */
static PyObject *header_instant(PyObject *value) {
    static const struct { int at, size; } PARTS[] = {{0, 4},  {5, 2},  {8, 2}, {11, 2},
                                                      {14, 2}, {17, 2}, {20, 6}};
    static const char MARKS[] = "0000-00-00T00:00:00.000000Z";
    int64_t part[7] = {-1};
    if (value != NULL && PyBytes_GET_SIZE(value) == 27) {
        const char *chars = PyBytes_AS_STRING(value);
        int marked = 1;
        for (int i = 0; i < 27; i++)
            marked &= MARKS[i] == '0' || MARKS[i] == chars[i];
        for (int i = 0; marked && i < 7; i++)
            if ((part[i] = digits(chars + PARTS[i].at, PARTS[i].size)) < 0)
                marked = 0;
        if (marked)
            return PyDateTimeAPI->DateTime_FromDateAndTime(
                (int)part[0], (int)part[1], (int)part[2], (int)part[3], (int)part[4],
                (int)part[5], (int)part[6], PyDateTime_TimeZone_UTC, PyDateTimeAPI->DateTimeType);
    }
    wrong("no instant");
    return NULL;
}

static PyObject *header_instant_or_none(PyObject *value) {
    return value == NULL ? Py_NewRef(Py_None) : header_instant(value);
}

static int same_bytes(PyObject *value, PyObject *other) {
    return value != NULL && other != NULL && PyBytes_GET_SIZE(value) == PyBytes_GET_SIZE(other) &&
           memcmp(PyBytes_AS_STRING(value), PyBytes_AS_STRING(other), PyBytes_GET_SIZE(value)) == 0;
}

/* Return an instant, which may be told by the same bytes as another. */
static PyObject *header_instant_like(PyObject *value, PyObject *other, PyObject *instant) {
    return same_bytes(value, other) ? Py_NewRef(instant) : header_instant(value);
}

static PyObject *envelope_of(Reader *self, PyObject *const told[ATTRIBUTES], PyObject *made) {
    PyObject *values[ENVELOPE + 1] = {NULL}; /* the first is the callee's to use */
    PyObject **field = values + 1, *envelope = NULL;
    if ((field[0] = header_uuid(told[ID])) != NULL &&
        (field[1] = header_word(self, told[SOURCE])) != NULL &&
        (field[2] = header_word(self, told[TYPE])) != NULL &&
        (field[3] = header_text(self, told[SUBJECT])) != NULL &&
        (field[4] = header_word(self, told[BRANCH])) != NULL &&
        (field[5] = header_count(told[EPOCH])) != NULL &&
        (field[6] = told[SEQUENCE] == NULL ? PyLong_FromLong(0)
                                           : header_count(told[SEQUENCE])) != NULL &&
        (field[7] = header_instant(told[TIME])) != NULL &&
        (field[8] = header_instant_or_none(told[SENT])) != NULL &&
        (field[9] = header_instant_or_none(told[COLLECTED])) != NULL &&
        (field[10] = header_instant_like(told[EFFECTIVE], told[TIME], field[7])) != NULL &&
        (field[11] = header_text(self, told[CORRELATION])) != NULL &&
        (field[12] = header_text(self, told[CAUSATION])) != NULL &&
        (field[13] = header_text(self, told[TRACEPARENT])) != NULL &&
        (field[14] = header_text(self, told[TRACESTATE])) != NULL)
        envelope = PyObject_Vectorcall(made, field, PY_VECTORCALL_ARGUMENTS_OFFSET,
                                       envelope_fields);
    for (int i = 1; i <= ENVELOPE; i++)
        Py_XDECREF(values[i]);
    return envelope;
}

static PyObject *Reader_envelope(Reader *self, PyObject *const *args, Py_ssize_t count) {
    if (count != 3 || !PyTuple_CheckExact(args[0]) || !PyTuple_CheckExact(args[1]) ||
        PyTuple_GET_SIZE(args[1]) != ATTRIBUTES) {
        PyErr_SetString(PyExc_TypeError, "headers, the names of all attributes, and a type");
        return NULL;
    }
    PyObject *told[ATTRIBUTES] = {NULL}, *envelope = NULL, *recorded = NULL, *both = NULL;
    if (take_headers(args[0], args[1], told) == 0 &&
        (envelope = envelope_of(self, told, args[2])) != NULL &&
        (recorded = header_instant(told[RECORDED])) != NULL)
        both = PyTuple_Pack(2, envelope, recorded);
    Py_XDECREF(envelope);
    Py_XDECREF(recorded);
    if (both != NULL || !PyErr_ExceptionMatches(PyExc_ValueError))
        return both;
    PyErr_Clear();
    return Py_NewRef(Py_None);
}

/* --- the type --- */

static void Reader_dealloc(Reader *self) {
    for (int i = 0; self->schemas != NULL && i < SCHEMAS; i++)
        if (self->schemas[i].plan != NULL) {
            forget_node(self->schemas[i].plan);
            PyMem_Free(self->schemas[i].plan);
        }
    for (int i = 0; self->texts != NULL && i < TEXTS_KEPT; i++)
        Py_XDECREF(self->texts[i].text);
    for (int i = 0; self->days != NULL && i < DAYS_KEPT; i++)
        Py_XDECREF(self->days[i].day);
    PyMem_Free(self->schemas);
    PyMem_Free(self->texts);
    PyMem_Free(self->days);
    Py_XDECREF(self->otherwise);
    Py_XDECREF(self->refusal);
    Py_TYPE(self)->tp_free(self);
}

static int add_schema(Reader *self, PyObject *header, PyObject *plan) {
    if (!PyBytes_Check(header) || PyBytes_GET_SIZE(header) != HEADER)
        return wrong("a header has ten bytes");
    Schema *place = place_of(self, (const uint8_t *)PyBytes_AS_STRING(header));
    Node *node = PyMem_Calloc(1, sizeof(Node));
    if (node == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(place->header, PyBytes_AS_STRING(header), HEADER);
    place->plan = node;
    if (plan_node(node, plan) < 0)
        return -1;
    return node->kind == RECORD ? 0 : wrong("the plan of a schema is that of a record");
}

static PyObject *Reader_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"plans", "otherwise", "refusal", NULL};
    PyObject *plans, *otherwise, *refusal, *header, *plan;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!OO", names, &PyDict_Type, &plans,
                                     &otherwise, &refusal))
        return NULL;
    if (PyDict_GET_SIZE(plans) > SCHEMAS / 2) {
        wrong("there are more schemas than the reader has places for");
        return NULL;
    }
    Reader *self = (Reader *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->otherwise = Py_NewRef(otherwise);
    self->refusal = Py_NewRef(refusal);
    self->schemas = PyMem_Calloc(SCHEMAS, sizeof(Schema));
    self->texts = PyMem_Calloc(TEXTS_KEPT, sizeof(KeptText));
    self->days = PyMem_Calloc(DAYS_KEPT, sizeof(KeptDay));
    if (self->schemas == NULL || self->texts == NULL || self->days == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    Py_ssize_t at = 0;
    while (PyDict_Next(plans, &at, &header, &plan))
        if (add_schema(self, header, plan) < 0) {
            Py_DECREF(self);
            return NULL;
        }
    return (PyObject *)self;
}

static PyMethodDef Reader_methods[] = {
    {"read", (PyCFunction)Reader_read, METH_O,
     "Return the touchpoint that the bytes hold. Raises: what `otherwise` raises."},
    {"rows", (PyCFunction)Reader_rows, METH_VARARGS,
     "Take in the rows of a copy that are there in full; return where the next one begins."},
    {"envelope", _PyCFunction_CAST(Reader_envelope), METH_FASTCALL,
     "Return the envelope that a record's headers hold, and when it was recorded, or None."},
    {NULL},
};

static PyTypeObject ReaderType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "events.compiled_reader.Reader",
    .tp_doc = "Reads touchpoints by the plans of their schemas.",
    .tp_basicsize = sizeof(Reader),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = Reader_new,
    .tp_dealloc = (destructor)Reader_dealloc,
    .tp_methods = Reader_methods,
};

static int exec_module(PyObject *module) {
    PyDateTime_IMPORT;
    if (PyDateTimeAPI == NULL || PyType_Ready(&ReaderType) < 0)
        return -1;
    if (envelope_fields == NULL) {
        envelope_fields = PyTuple_New(ENVELOPE);
        for (int i = 0; envelope_fields != NULL && i < ENVELOPE; i++) {
            PyObject *name = PyUnicode_InternFromString(ENVELOPE_FIELDS[i]);
            if (name == NULL) {
                Py_CLEAR(envelope_fields);
                break;
            }
            PyTuple_SET_ITEM(envelope_fields, i, name);
        }
        if (envelope_fields == NULL)
            return -1;
    }
    return PyModule_AddObjectRef(module, "Reader", (PyObject *)&ReaderType);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec_module}, {0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "events.compiled_reader",
    .m_doc = "Reads touchpoints and dossiers from their bytes, compiled.",
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit_compiled_reader(void) { return PyModuleDef_Init(&definition); }
