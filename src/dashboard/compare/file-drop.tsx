import { Box, Button, FileButton, Text } from "@mantine/core";
import { Dropzone } from "@mantine/dropzone";
import { IconFileTypeCsv } from "@tabler/icons-react";
import "@mantine/dropzone/styles.css";

type Props = { name: string; onFile: (file: File) => void };

/** A place to drop a list, with a button for who does not drag. */
export function FileDrop({ name, onFile }: Props) {
  return (
    <Dropzone
      onDrop={([file]: File[]) => file && onFile(file)}
      activateOnClick={false}
      activateOnKeyboard={false}
      multiple={false}
      useFsAccessApi={false}
      role="group"
      aria-label={`${name}: drop a CSV file`}
      tabIndex={-1}
      py="lg"
      styles={{ inner: { pointerEvents: "auto" } }}
    >
      <Box ta="center">
        <IconFileTypeCsv size={28} stroke={1.4} aria-hidden />
        <Text fz="sm" mb="xs">
          Drop a CSV file here, or
        </Text>
        <FileButton onChange={(file) => file && onFile(file)} accept=".csv,.txt,.tsv,text/csv,text/plain">
          {(props) => (
            <Button {...props} size="xs" variant="default" aria-label={`Choose a file for ${name.toLowerCase()}`}>
              Choose a file
            </Button>
          )}
        </FileButton>
      </Box>
    </Dropzone>
  );
}
